using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Stun;

namespace Roomcast.Rtc.Ice;

/// <summary>Where an agent stands.</summary>
internal enum IceState
{
    /// <summary>No path has been chosen yet.</summary>
    Checking,

    /// <summary>There is a chosen path and the peer still agrees to it.</summary>
    Connected,

    /// <summary>No path was found in time. Final.</summary>
    Failed,

    /// <summary>The peer has not been heard for too long (RFC 7675). Final.</summary>
    Expired,
}

/// <summary>What an agent met, for reports. Each counts datagrams.</summary>
internal struct IceCounters
{
    /// <summary>Not STUN, or without a right FINGERPRINT.</summary>
    public long Malformed;

    /// <summary>For somebody else, or with a wrong MESSAGE-INTEGRITY.</summary>
    public long Unauthenticated;

    /// <summary>Answered with 487, or answers of 487.</summary>
    public long RoleConflicts;

    /// <summary>Responses to nothing we asked.</summary>
    public long Unexpected;

    /// <summary>Requests answered with success.</summary>
    public long Answered;
}

/// <summary>What the two kinds of agent share: answering checks and the tie-breaker.</summary>
/// <remarks>Sans-IO: time comes in, datagrams go to the queue. Not thread-safe.</remarks>
internal abstract class IceAgent(IceCredentials local, IceCredentials? remote, DatagramQueue outgoing)
{
    /// <summary>How long a peer may stay silent, and how long the first path may take (RFC 7675 section 5.1).</summary>
    public static readonly TimeSpan DefaultConsentTimeout = TimeSpan.FromSeconds(30);

    protected IceCounters _counters;

    /// <summary>Where the agent stands.</summary>
    public IceState State { get; protected set; }

    /// <summary>What is wanted from the remote side's address space right now: the chosen path, or before that the best
    /// that answers, or null.</summary>
    public RtcAddress? Path { get; protected set; }

    /// <summary>When to call <see cref="HandleDeadline"/>; null when nothing is timed.</summary>
    public TimeSpan? NextDeadline { get; protected set; }

    /// <summary>What it met.</summary>
    public IceCounters Counters => _counters;

    public IceCredentials Local { get; } = local;

    public IceCredentials? Remote { get; } = remote;

    protected DatagramQueue Outgoing { get; } = outgoing;

    /// <summary>Takes one datagram that is STUN by its first byte.</summary>
    public abstract void Handle(ReadOnlySpan<byte> datagram, RtcAddress from, TimeSpan now);

    /// <summary>Does what is due.</summary>
    public abstract void HandleDeadline(TimeSpan now);

    /// <summary>Whether a check has passed on this address, so that other datagrams from it are worth a look.</summary>
    public abstract bool IsKnown(RtcAddress address);

    /// <summary>Judges a request by RFC 8489 section 9.1.3 and RFC 8445 section 7.3, and answers it if it is refused.</summary>
    /// <returns>Whether it is to be answered with success.</returns>
    protected bool Admit(in StunMessage request, RtcAddress from, IceCredentials credentials, bool isControlling)
    {
        if (!request.HasUsername || !request.HasIntegrity)
        {
            _counters.Unauthenticated++;
            Refuse(request, from, StunError.BadRequest, "Bad Request", default);
            return false;
        }

        if (!NamesUs(request.Username, credentials) || !request.HasValidIntegrity(credentials.PasswordBytes))
        {
            _counters.Unauthenticated++;
            Refuse(request, from, StunError.Unauthenticated, "Unauthenticated", default);
            return false;
        }

        if (request.UnknownRequiredCount > 0)
        {
            Refuse(request, from, StunError.UnknownAttribute, "Unknown Attribute", credentials.PasswordBytes);
            return false;
        }

        // Neither of our agents can change its role: a lite agent is always controlled, and the other one speaks to
        // lite agents. So the peer is told to change its own.
        if (isControlling ? request.IsFromControlling : request.IsFromControlled)
        {
            _counters.RoleConflicts++;
            Refuse(request, from, StunError.RoleConflict, "Role Conflict", credentials.PasswordBytes);
            return false;
        }

        return true;
    }

    /// <summary>Queues the success response.</summary>
    protected void Answer(in StunMessage request, RtcAddress from, IceCredentials credentials)
    {
        var room = Outgoing.Reserve(StunMessage.MaxLength);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = new StunMessageWriter(room, StunClass.Success, StunMessage.Binding, request.TransactionId);
        writer.AddXorMappedAddress(from);
        writer.AddIntegrity(credentials.PasswordBytes);
        Outgoing.Commit(writer.Finish(), from);
        _counters.Answered++;
    }

    protected static bool NamesUs(ReadOnlySpan<byte> username, IceCredentials credentials)
    {
        var ufrag = credentials.UfragBytes;
        return username.Length > ufrag.Length && username[ufrag.Length] == (byte)':' && username.StartsWith(ufrag);
    }

    private void Refuse(in StunMessage request, RtcAddress from, int code, string reason, ReadOnlySpan<byte> key)
    {
        var room = Outgoing.Reserve(StunMessage.MaxLength);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = new StunMessageWriter(room, StunClass.Error, StunMessage.Binding, request.TransactionId);
        writer.AddErrorCode(code, reason);
        if (code == StunError.UnknownAttribute)
        {
            Span<ushort> types = stackalloc ushort[4];
            writer.AddUnknownAttributes(types[..request.CopyUnknownRequired(types)]);
        }

        if (!key.IsEmpty)
        {
            writer.AddIntegrity(key);
        }

        Outgoing.Commit(writer.Finish(), from);
    }
}
