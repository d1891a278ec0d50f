using System.Buffers.Binary;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Rtc.Stun;

namespace Roomcast.Rtc.Tests.Stun;

public sealed class StunMessageTests
{
    private static readonly byte[] Password = "VOkJxbRl1RmTxUk/WvJxBt"u8.ToArray();

    [Fact]
    public void The_sample_request_of_rfc_5769_is_read_and_verified()
    {
        Assert.True(StunMessage.TryRead(Rfc5769.Request, out var message));

        Assert.Equal(StunClass.Request, message.Class);
        Assert.Equal(StunMessage.Binding, message.Method);
        Assert.Equal("evtj:h6vY", Encoding.UTF8.GetString(message.Username));
        Assert.True(message.TryGetPriority(out var priority));
        Assert.Equal(0x6E0001FFu, priority);
        Assert.True(message.IsFromControlled);
        Assert.False(message.IsFromControlling);
        Assert.True(message.HasValidFingerprint());
        Assert.True(message.HasValidIntegrity(Password));
        Assert.False(message.HasValidIntegrity("VOkJxbRl1RmTxUk/WvJxBu"u8));
    }

    [Theory]
    [InlineData(false, "192.0.2.1")]
    [InlineData(true, "2001:db8:1234:5678:11:2233:4455:6677")]
    public void The_sample_responses_of_rfc_5769_are_read_and_verified(bool isIPv6, string address)
    {
        Assert.True(StunMessage.TryRead(isIPv6 ? Rfc5769.ResponseIPv6 : Rfc5769.ResponseIPv4, out var message));

        Assert.Equal(StunClass.Success, message.Class);
        Assert.Equal(RtcAddress.From(System.Net.IPAddress.Parse(address), 32853), message.MappedAddress);
        Assert.True(message.HasValidFingerprint());
        Assert.True(message.HasValidIntegrity(Password));
    }

    [Fact]
    public void A_changed_byte_breaks_the_fingerprint_and_the_integrity()
    {
        for (var at = 0; at < Rfc5769.Request.Length; at++)
        {
            var changed = (byte[])Rfc5769.Request.Clone();
            changed[at] ^= 0x01;

            var isIntact = StunMessage.TryRead(changed, out var message) && message.HasValidFingerprint();

            Assert.False(isIntact, $"byte {at}");
        }
    }

    [Fact]
    public void A_message_cut_anywhere_is_no_message()
    {
        for (var length = 0; length < Rfc5769.Request.Length; length++)
        {
            Assert.False(StunMessage.TryRead(Rfc5769.Request.AsSpan(0, length), out _), $"length {length}");
        }

        Assert.False(StunMessage.TryRead([.. Rfc5769.Request, 0, 0, 0, 0], out _));
        Assert.False(StunMessage.TryRead(new byte[StunMessage.MaxLength + 4], out _));
    }

    [Fact]
    public void What_the_writer_writes_the_reader_reads()
    {
        var ids = Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value), 12);
        Prop.ForAll(
            Arb.From(ids),
            Arb.From(ArbMap.Default.GeneratorFor<uint>()),
            Arb.From(ArbMap.Default.GeneratorFor<ulong>()),
            (id, priority, tieBreaker) =>
            {
                Span<byte> buffer = stackalloc byte[StunMessage.MaxLength];
                var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.Binding, id);
                writer.AddUsername("asked", "asking");
                writer.AddPriority(priority);
                writer.AddRole(isControlling: true, tieBreaker);
                writer.AddUseCandidate();
                writer.AddIntegrity(Password);
                var length = writer.Finish();
                Span<byte> role = [0x80, 0x2A, 0, 8, .. new byte[8]];
                BinaryPrimitives.WriteUInt64BigEndian(role[4..], tieBreaker);

                return StunMessage.TryRead(buffer[..length], out var message)
                    && message.TransactionId.SequenceEqual(id)
                    && message.Username.SequenceEqual("asked:asking"u8)
                    && message.TryGetPriority(out var read) && read == priority
                    && message.IsFromControlling && buffer[..length].IndexOf(role) > 0
                    && message.UseCandidate
                    && message.HasValidIntegrity(Password)
                    && message.HasValidFingerprint();
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void An_error_with_its_unknown_attributes_survives_the_round_trip()
    {
        Span<byte> buffer = stackalloc byte[StunMessage.MaxLength];
        var writer = new StunMessageWriter(buffer, StunClass.Error, StunMessage.Binding, new byte[12]);
        writer.AddErrorCode(StunError.UnknownAttribute, "Unknown Attribute");
        writer.AddUnknownAttributes([0x7001, 0x7002]);
        var length = writer.Finish();

        Assert.True(StunMessage.TryRead(buffer[..length], out var message));
        Assert.Equal(StunClass.Error, message.Class);
        Assert.Equal(420, message.ErrorCode);
    }

    [Fact]
    public void Unknown_attributes_that_must_be_understood_are_named_and_others_are_passed_over()
    {
        var bytes = new byte[StunMessage.HeaderLength + 16];
        _ = new StunMessageWriter(bytes, StunClass.Request, StunMessage.Binding, new byte[12]);
        bytes[3] = 16;
        bytes[20] = 0x70; // 0x7001, empty: must be understood.
        bytes[21] = 0x01;
        bytes[24] = 0xC0; // 0xC057, four bytes: need not be.
        bytes[25] = 0x57;
        bytes[27] = 4;
        bytes[32] = 0x70; // 0x7001 again.
        bytes[33] = 0x01;

        Assert.True(StunMessage.TryRead(bytes, out var message));
        Assert.Equal(2, message.UnknownRequiredCount);
        Span<ushort> types = stackalloc ushort[4];
        Assert.Equal(2, message.CopyUnknownRequired(types));
        Assert.Equal(0x7001, types[0]);
    }

    [Fact]
    public void What_stands_behind_the_integrity_is_not_believed()
    {
        Span<byte> buffer = stackalloc byte[StunMessage.MaxLength];
        var writer = new StunMessageWriter(buffer, StunClass.Request, StunMessage.Binding, new byte[12]);
        writer.AddUsername("a", "b");
        writer.AddIntegrity(Password);
        writer.AddUseCandidate();
        var length = writer.Finish();

        Assert.True(StunMessage.TryRead(buffer[..length], out var message));
        Assert.False(message.UseCandidate);
        Assert.True(message.HasValidIntegrity(Password));
        Assert.True(message.HasValidFingerprint());
    }

    [Theory]
    [InlineData(0, 0x0001)]
    [InlineData(1, 0x0011)]
    [InlineData(2, 0x0101)]
    [InlineData(3, 0x0111)]
    public void Class_and_method_share_the_type_as_the_rfc_lays_them(int @class, int type)
    {
        Span<byte> buffer = stackalloc byte[StunMessage.MaxLength];
        var length = new StunMessageWriter(buffer, (StunClass)@class, StunMessage.Binding, new byte[12]).Finish();

        Assert.Equal(type, (buffer[0] << 8) | buffer[1]);
        Assert.True(StunMessage.TryRead(buffer[..length], out var message));
        Assert.Equal((StunClass)@class, message.Class);
        Assert.Equal(StunMessage.Binding, message.Method);
    }

    [Fact]
    public void The_asked_fragment_is_found_without_the_password()
    {
        Assert.True(StunMessage.TryReadAskedUfrag(Rfc5769.Request, out var ufrag));
        Assert.Equal("evtj", Encoding.ASCII.GetString(ufrag));
        Assert.False(StunMessage.TryReadAskedUfrag(Rfc5769.ResponseIPv4, out _));
    }
}
