using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Ice;
using Roomcast.Rtc.Stun;

namespace Roomcast.Rtc.Tests.Ice;

public sealed class IceLiteAgentTests
{
    private static readonly RtcAddress HomeAddress = RtcAddress.FromIPv4(0xC0000201, 5000);
    private static readonly RtcAddress MobileAddress = RtcAddress.FromIPv4(0xC0000202, 6000);

    private readonly IceCredentials _server = IceCredentials.Create();
    private readonly IceCredentials _client = IceCredentials.Create();
    private readonly DatagramQueue _outgoing = new();
    private readonly IceLiteAgent _agent;

    public IceLiteAgentTests() =>
        _agent = new IceLiteAgent(_server, _client, _outgoing, IceAgent.DefaultConsentTimeout, TimeSpan.Zero);

    [Fact]
    public void A_check_is_answered_to_where_it_came_from_with_that_address_in_it()
    {
        _agent.Handle(Check(), HomeAddress, At(0.1));

        Assert.True(_outgoing.TryTake(out var to, out var datagram));
        Assert.Equal(HomeAddress, to);
        Assert.True(StunMessage.TryRead(datagram, out var answer));
        Assert.Equal(StunClass.Success, answer.Class);
        Assert.Equal(HomeAddress, answer.MappedAddress);
        Assert.True(answer.HasValidFingerprint());
        Assert.True(answer.HasValidIntegrity(_server.PasswordBytes));
        Assert.Equal(IceState.Checking, _agent.State); // Not nominated yet, but DTLS may already begin there.
        Assert.Equal(HomeAddress, _agent.Path);
    }

    [Fact]
    public void A_nomination_chooses_the_path()
    {
        _agent.Handle(Check(), HomeAddress, At(0.1));
        _agent.Handle(Check(useCandidate: true), HomeAddress, At(0.2));

        Assert.Equal(IceState.Connected, _agent.State);
        Assert.Equal(HomeAddress, _agent.Path);
    }

    [Fact]
    public void A_regular_nomination_on_another_path_is_obeyed_even_when_its_priority_is_lower()
    {
        _agent.Handle(Check(priority: 200), HomeAddress, At(0));
        _agent.Handle(Check(priority: 200, useCandidate: true), HomeAddress, At(0.1));

        _agent.Handle(Check(priority: 100), MobileAddress, At(5));
        Assert.Equal(HomeAddress, _agent.Path);
        _agent.Handle(Check(priority: 100, useCandidate: true), MobileAddress, At(5.1));

        Assert.Equal(MobileAddress, _agent.Path);
    }

    [Fact]
    public void Aggressive_nominations_settle_on_the_highest_priority()
    {
        for (var second = 0; second < 10; second++)
        {
            _agent.Handle(Check(priority: 100, useCandidate: true), MobileAddress, At(second));
            _agent.Handle(Check(priority: 200, useCandidate: true), HomeAddress, At(second + 0.1));
            _agent.Handle(Check(priority: 100, useCandidate: true), MobileAddress, At(second + 0.2));

            Assert.Equal(HomeAddress, _agent.Path);
        }
    }

    [Fact]
    public void A_changed_nat_binding_is_followed_at_once()
    {
        _agent.Handle(Check(priority: 100, useCandidate: true), HomeAddress, At(0));
        _agent.Handle(Check(priority: 100, useCandidate: true), MobileAddress, At(2.5));

        Assert.Equal(MobileAddress, _agent.Path);
    }

    [Fact]
    public void A_silent_path_is_left_for_one_that_is_not()
    {
        _agent.Handle(Check(priority: 100, useCandidate: true), MobileAddress, At(0));
        _agent.Handle(Check(priority: 200, useCandidate: true), HomeAddress, At(0.1));
        Assert.Equal(HomeAddress, _agent.Path);
        for (var second = 1; second < 12; second++)
        {
            _agent.Handle(Check(priority: 100, useCandidate: true), MobileAddress, At(second));
            _agent.HandleDeadline(At(second));
        }

        Assert.Equal(MobileAddress, _agent.Path);
        Assert.Equal(IceState.Connected, _agent.State);
    }

    [Fact]
    public void Thirty_seconds_without_a_check_end_the_consent_and_not_one_less()
    {
        _agent.Handle(Check(useCandidate: true), HomeAddress, At(1));
        _agent.HandleDeadline(At(30.9));
        Assert.Equal(IceState.Connected, _agent.State);
        Assert.Equal(At(31), _agent.NextDeadline);

        _agent.HandleDeadline(At(31));

        Assert.Equal(IceState.Expired, _agent.State);
        Assert.Null(_agent.Path);
        Assert.Null(_agent.NextDeadline);
    }

    [Fact]
    public void Forged_checks_do_not_keep_the_consent_alive()
    {
        _agent.Handle(Check(useCandidate: true), HomeAddress, At(1));
        for (var second = 2; second < 31; second++)
        {
            _agent.Handle(Check(password: "a password that is not ours"), HomeAddress, At(second));
        }

        _agent.HandleDeadline(At(31));

        Assert.Equal(IceState.Expired, _agent.State);
    }

    [Fact]
    public void A_peer_that_never_comes_is_given_up()
    {
        Assert.Equal(At(30), _agent.NextDeadline);
        _agent.HandleDeadline(At(30));
        Assert.Equal(IceState.Failed, _agent.State);
    }

    [Fact]
    public void A_wrong_password_is_answered_with_401_and_makes_no_path()
    {
        _agent.Handle(Check(password: "a password that is not ours", useCandidate: true), HomeAddress, At(1));

        AssertError(StunError.Unauthenticated, isAuthenticated: false);
        Assert.False(_agent.IsKnown(HomeAddress));
        Assert.Equal(1, _agent.Counters.Unauthenticated);
    }

    [Fact]
    public void A_check_for_somebody_else_is_answered_with_401()
    {
        _agent.Handle(Check(asked: "somebody"), HomeAddress, At(1));

        AssertError(StunError.Unauthenticated, isAuthenticated: false);
    }

    [Fact]
    public void A_check_without_credentials_is_answered_with_400()
    {
        var buffer = new byte[StunMessage.MaxLength];
        var length = new StunMessageWriter(buffer, StunClass.Request, StunMessage.Binding, new byte[12]).Finish();

        _agent.Handle(buffer.AsSpan(0, length), HomeAddress, At(1));

        AssertError(StunError.BadRequest, isAuthenticated: false);
    }

    [Fact]
    public void A_peer_that_wants_to_be_controlled_is_told_to_take_the_lead()
    {
        _agent.Handle(Check(isControlling: false), HomeAddress, At(1));

        AssertError(StunError.RoleConflict, isAuthenticated: true);
        Assert.False(_agent.IsKnown(HomeAddress));
        Assert.Equal(1, _agent.Counters.RoleConflicts);
    }

    [Fact]
    public void Foreign_stun_is_passed_over_in_silence()
    {
        _agent.Handle(Rtc.Tests.Stun.Rfc5769.ResponseIPv4, HomeAddress, At(1));
        _agent.Handle(new byte[20], HomeAddress, At(1));
        var withoutFingerprint = Check()[..^8];
        withoutFingerprint[3] -= 8;
        _agent.Handle(withoutFingerprint, HomeAddress, At(1));

        Assert.True(_outgoing.IsEmpty);
        Assert.False(_agent.IsKnown(HomeAddress));
    }

    [Fact]
    public void Paths_are_bounded_and_the_chosen_one_stays()
    {
        _agent.Handle(Check(priority: uint.MaxValue, useCandidate: true), HomeAddress, At(0));
        for (var i = 0; i < 100; i++)
        {
            _agent.Handle(Check(priority: 1), RtcAddress.FromIPv4(0x0A000000u + (uint)i, 1), At(0.01 * i));
            while (_outgoing.TryTake(out _, out _))
            {
            }
        }

        Assert.Equal(16, _agent.PathCount);
        Assert.Equal(HomeAddress, _agent.Path);
        Assert.True(_agent.IsKnown(HomeAddress));
    }

    [Fact]
    public void Tcp_and_udp_from_the_same_port_are_different_paths()
    {
        var tcp = HomeAddress with { Protocol = RtcProtocol.Tcp };
        _agent.Handle(Check(useCandidate: true), tcp, At(0));

        Assert.True(_agent.IsKnown(tcp));
        Assert.False(_agent.IsKnown(HomeAddress));
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private byte[] Check(
        string? asked = null, string? password = null, uint priority = 1, bool useCandidate = false, bool isControlling = true)
    {
        var buffer = new byte[StunMessage.MaxLength];
        var id = new byte[12];
        Random.Shared.NextBytes(id);
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.Binding, id);
        writer.AddUsername(asked ?? _server.Ufrag, _client.Ufrag);
        writer.AddPriority(priority);
        writer.AddRole(isControlling, 1);
        if (useCandidate)
        {
            writer.AddUseCandidate();
        }

        writer.AddIntegrity(System.Text.Encoding.ASCII.GetBytes(password ?? _server.Password));
        return buffer[..writer.Finish()];
    }

    private void AssertError(int code, bool isAuthenticated)
    {
        Assert.True(_outgoing.TryTake(out _, out var datagram));
        Assert.True(StunMessage.TryRead(datagram, out var answer));
        Assert.Equal(StunClass.Error, answer.Class);
        Assert.Equal(code, answer.ErrorCode);
        Assert.Equal(isAuthenticated, answer.HasValidIntegrity(_server.PasswordBytes));
    }
}
