using System.Buffers.Binary;
using System.Security.Cryptography;
using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Stun;

namespace Roomcast.Rtc.Ice;

/// <summary>When a controlling agent says which pair is to be used (RFC 8445 section 8.1.1 and RFC 5245 section 8.1.1.2).</summary>
public enum IceNomination
{
    /// <summary>After the checks, on the best pair that works.</summary>
    Regular,

    /// <summary>With every check.</summary>
    Aggressive,
}

/// <summary>A small full agent in the controlling role, for clients of our own: bots, tests, the client library.</summary>
/// <remarks>
/// <para>Sources: RFC 8445 sections 6.1.4, 7.2 and 8; RFC 7675 for consent. One local base: the owner sends from one
/// socket. The peer is an ICE-lite server, so this agent keeps the controlling role whatever it hears, and it makes
/// no triggered checks.</para>
/// <para>A check is sent again after <see cref="FirstRetransmission"/>, then after twice that and so on up to
/// <see cref="MaxRetransmission"/>, <see cref="MaxSends"/> times in all; a new check starts every <see cref="Pace"/>.</para>
/// </remarks>
internal sealed class IceControllingAgent : IceAgent
{
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    public static readonly TimeSpan FirstRetransmission = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan MaxRetransmission = TimeSpan.FromSeconds(2);
    public const int MaxSends = 9;

    /// <summary>How long after the first success a better pair is waited for before one is nominated.</summary>
    public static readonly TimeSpan NominationDelay = TimeSpan.FromMilliseconds(100);

    private const int MaxPairs = 32;
    private static readonly TimeSpan ConsentInterval = TimeSpan.FromSeconds(5);

    private readonly List<Pair> _pairs = [];
    private readonly ulong _tieBreaker;
    private readonly IceNomination _nomination;
    private readonly TimeSpan _consentTimeout;
    private Pair? _selected;
    private TimeSpan _startedAt;
    private TimeSpan _nextCheckAt;
    private TimeSpan? _nominateAt;
    private TimeSpan _heardAt;
    private uint _jitter;

    public IceControllingAgent(
        IceCredentials local,
        IceCredentials? remote,
        DatagramQueue outgoing,
        IceNomination nomination,
        TimeSpan consentTimeout,
        TimeSpan now)
        : base(local, remote, outgoing)
    {
        Span<byte> random = stackalloc byte[8];
        RandomNumberGenerator.Fill(random);
        _tieBreaker = BinaryPrimitives.ReadUInt64BigEndian(random);
        _jitter = (uint)_tieBreaker | 1;
        _nomination = nomination;
        _consentTimeout = consentTimeout;
        _startedAt = now;
        _heardAt = now;
        NextDeadline = now + consentTimeout;
    }

    /// <summary>Time between the last answered check on the chosen path and its answer; null before the first.</summary>
    public TimeSpan? RoundTripTime { get; private set; }

    /// <summary>Adds a candidate of the peer. Checks begin with the next <see cref="HandleDeadline"/>.</summary>
    /// <returns>False when there are too many, or it is there already.</returns>
    public bool AddRemote(RtcAddress address, uint priority, TimeSpan now)
    {
        if (_pairs.Count == MaxPairs || Find(address) is not null)
        {
            return false;
        }

        _pairs.Add(new Pair(address, priority));
        _pairs.Sort(static (a, b) => b.Priority.CompareTo(a.Priority));
        _nextCheckAt = now;
        Arm(now);
        return true;
    }

    /// <inheritdoc/>
    public override bool IsKnown(RtcAddress address) => Find(address) is { HasSucceeded: true };

    /// <inheritdoc/>
    public override void Handle(ReadOnlySpan<byte> datagram, RtcAddress from, TimeSpan now)
    {
        if (!StunMessage.TryRead(datagram, out var message) || !message.HasValidFingerprint())
        {
            _counters.Malformed++;
            return;
        }

        if (message.Method != StunMessage.Binding || message.Class is StunClass.Indication)
        {
            return;
        }

        if (message.Class is StunClass.Request)
        {
            if (Admit(message, from, Local, isControlling: true))
            {
                Answer(message, from, Local);
            }

            return;
        }

        HandleResponse(message, from, now);
        Arm(now);
    }

    /// <inheritdoc/>
    public override void HandleDeadline(TimeSpan now)
    {
        if (State is IceState.Failed or IceState.Expired)
        {
            return;
        }

        if (now - (State is IceState.Connected ? _heardAt : _startedAt) >= _consentTimeout)
        {
            State = State is IceState.Connected ? IceState.Expired : IceState.Failed;
            Path = null;
            NextDeadline = null;
            return;
        }

        if (Remote is not null)
        {
            Retransmit(now);
            if (now >= _nextCheckAt)
            {
                StartNext(now);
            }
        }

        Arm(now);
    }

    private void HandleResponse(in StunMessage response, RtcAddress from, TimeSpan now)
    {
        Pair? asked = null;
        foreach (var pair in _pairs)
        {
            if (pair.IsAsking && response.TransactionId.SequenceEqual(pair.TransactionId))
            {
                asked = pair;
                break;
            }
        }

        // Only an answer with the peer's password counts, and only from where we asked (RFC 8445 section 7.2.5.2.1).
        if (asked is null || Remote is null)
        {
            _counters.Unexpected++;
            return;
        }

        if (!response.HasValidIntegrity(Remote.PasswordBytes))
        {
            _counters.Unauthenticated++;
            return;
        }

        asked.IsAsking = false;
        if (response.Class is StunClass.Error || from != asked.Address)
        {
            _counters.RoleConflicts += response.ErrorCode == StunError.RoleConflict ? 1 : 0;
            asked.HasFailed = asked != _selected;
            return;
        }

        asked.HasSucceeded = true;
        if (asked.Nominates && (_selected is null || asked.Priority > _selected.Priority))
        {
            _selected = asked;
            Path = asked.Address;
            State = IceState.Connected;
            _nextCheckAt = NextUntried() is null ? now + NextConsentInterval() : now;
        }

        if (asked == _selected)
        {
            _heardAt = now;
            RoundTripTime = asked.Sends == 1 ? now - asked.AskedAt : RoundTripTime; // Which of several was answered is not known.
        }
        else
        {
            Path ??= asked.Address;
            _nominateAt ??= now + NominationDelay;
            _nextCheckAt = now;
        }
    }

    private void Retransmit(TimeSpan now)
    {
        foreach (var pair in _pairs)
        {
            // A consent check is not repeated; the next one is a new question (RFC 7675 section 5.1).
            if (!pair.IsAsking || pair == _selected || now < pair.SendAgainAt)
            {
                continue;
            }

            if (pair.Sends >= MaxSends)
            {
                pair.IsAsking = false;
                pair.HasFailed = true;
                continue;
            }

            Send(pair, now);
        }
    }

    private void StartNext(TimeSpan now)
    {
        _nextCheckAt = now + Pace;
        if (NextUntried() is { } untried)
        {
            Ask(untried, _nomination is IceNomination.Aggressive, now);
            return;
        }

        if (_selected is not null)
        {
            Ask(_selected, nominates: true, now);
            _nextCheckAt = now + NextConsentInterval();
            return;
        }

        // Every pair has been tried. The best that works is nominated once the others have had their time.
        if (_nominateAt is { } at && now >= at)
        {
            foreach (var pair in _pairs)
            {
                if (pair.HasSucceeded)
                {
                    if (!pair.IsAsking)
                    {
                        Ask(pair, nominates: true, now);
                    }

                    return;
                }
            }
        }
    }

    private Pair? NextUntried()
    {
        if (_selected is not null && _nomination is IceNomination.Regular)
        {
            return null;
        }

        foreach (var pair in _pairs)
        {
            if (!pair.IsAsking && !pair.HasSucceeded && !pair.HasFailed)
            {
                return pair;
            }
        }

        return null;
    }

    private void Ask(Pair pair, bool nominates, TimeSpan now)
    {
        RandomNumberGenerator.Fill(pair.TransactionId);
        pair.IsAsking = true;
        pair.Nominates = nominates;
        pair.Sends = 0;
        pair.AskedAt = now;
        Send(pair, now);
    }

    private void Send(Pair pair, TimeSpan now)
    {
        var wait = FirstRetransmission * (1 << Math.Min(pair.Sends, 4));
        pair.Sends++;
        pair.SendAgainAt = now + (wait < MaxRetransmission ? wait : MaxRetransmission);

        var room = Outgoing.Reserve(StunMessage.MaxLength);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = new StunMessageWriter(room, StunClass.Request, StunMessage.Binding, pair.TransactionId);
        writer.AddUsername(Remote!.Ufrag, Local.Ufrag);
        writer.AddPriority(IceCandidate.PriorityOf(IceCandidateType.PeerReflexive, ushort.MaxValue));
        writer.AddRole(isControlling: true, _tieBreaker);
        if (pair.Nominates)
        {
            writer.AddUseCandidate();
        }

        writer.AddIntegrity(Remote.PasswordBytes);
        Outgoing.Commit(writer.Finish(), pair.Address);
    }

    private void Arm(TimeSpan now)
    {
        if (State is IceState.Failed or IceState.Expired)
        {
            NextDeadline = null;
            return;
        }

        var deadline = (State is IceState.Connected ? _heardAt : _startedAt) + _consentTimeout;
        if (Remote is not null && _pairs.Count > 0)
        {
            deadline = Earlier(deadline, _nextCheckAt);
            foreach (var pair in _pairs)
            {
                deadline = pair.IsAsking && pair != _selected ? Earlier(deadline, pair.SendAgainAt) : deadline;
            }
        }

        NextDeadline = deadline > now ? deadline : now;
    }

    // RFC 7675 section 5.1: between 0.8 and 1.2 times the interval, so that many sessions do not fall into step.
    private TimeSpan NextConsentInterval()
    {
        _jitter ^= _jitter << 13;
        _jitter ^= _jitter >> 17;
        _jitter ^= _jitter << 5;
        return ConsentInterval * (0.8 + (0.4 * (_jitter / (double)uint.MaxValue)));
    }

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private Pair? Find(RtcAddress address)
    {
        foreach (var pair in _pairs)
        {
            if (pair.Address == address)
            {
                return pair;
            }
        }

        return null;
    }

    private sealed class Pair(RtcAddress address, uint priority)
    {
        public RtcAddress Address { get; } = address;

        public uint Priority { get; } = priority;

        public byte[] TransactionId { get; } = new byte[StunMessage.TransactionIdLength];

        public bool IsAsking { get; set; }

        public bool Nominates { get; set; }

        public bool HasSucceeded { get; set; }

        public bool HasFailed { get; set; }

        public int Sends { get; set; }

        public TimeSpan AskedAt { get; set; }

        public TimeSpan SendAgainAt { get; set; }
    }
}
