using Roomcast.Rtc.Connection;
using Roomcast.Rtc.Stun;

namespace Roomcast.Rtc.Ice;

/// <summary>The server's agent: it answers checks, never makes any, and goes where the peer nominates.</summary>
/// <remarks>
/// <para>Sources: RFC 8445 sections 2.5, 6.1.1, 7.3 and 8.1; RFC 7675 for how long silence is taken for consent. A lite
/// agent sends no consent checks of its own; the peer's checks, which are authenticated with our password, show that it
/// still wants our media.</para>
/// <para>Which path media takes: a peer that nominates regularly (libwebrtc does towards lite agents) first checks a pair
/// without USE-CANDIDATE, so a first USE-CANDIDATE on a path that was checked without it is a choice and is obeyed at
/// once. A peer that nominates aggressively puts USE-CANDIDATE into every check; there the highest priority wins, and
/// the newest among equals, which is what a changed NAT binding looks like. A path is also left when it has been silent
/// for <see cref="PathSilence"/> and another one has not.</para>
/// </remarks>
internal sealed class IceLiteAgent : IceAgent
{
    /// <summary>How long a path may be silent before a fresher one replaces it. Peers check every 2.5 s or oftener.</summary>
    public static readonly TimeSpan PathSilence = TimeSpan.FromSeconds(8);

    private const int MaxPaths = 16;

    private readonly List<RemotePath> _paths = new(2);
    private readonly TimeSpan _consentTimeout;
    private RemotePath? _selected;
    private TimeSpan _heardAt;

    public IceLiteAgent(
        IceCredentials local, IceCredentials? remote, DatagramQueue outgoing, TimeSpan consentTimeout, TimeSpan now)
        : base(local, remote, outgoing)
    {
        _consentTimeout = consentTimeout;
        _heardAt = now;
        NextDeadline = now + consentTimeout;
    }

    /// <summary>Remote addresses on which a check has passed.</summary>
    public int PathCount => _paths.Count;

    /// <inheritdoc/>
    public override bool IsKnown(RtcAddress address) => Find(address) is not null;

    /// <inheritdoc/>
    public override void Handle(ReadOnlySpan<byte> datagram, RtcAddress from, TimeSpan now)
    {
        if (!StunMessage.TryRead(datagram, out var message) || !message.HasValidFingerprint())
        {
            _counters.Malformed++;
            return;
        }

        if (message.Method != StunMessage.Binding || message.Class is not StunClass.Request)
        {
            // Indications keep a NAT open and prove nothing; responses answer nothing, as we ask nothing.
            _counters.Unexpected += message.Class is StunClass.Indication ? 0 : 1;
            return;
        }

        if (State is IceState.Failed or IceState.Expired)
        {
            return;
        }

        if (!Admit(message, from, Local, isControlling: false))
        {
            return;
        }

        Answer(message, from, Local);
        Note(message, from, now);
    }

    /// <inheritdoc/>
    public override void HandleDeadline(TimeSpan now)
    {
        if (NextDeadline is not { } deadline || now < deadline)
        {
            return;
        }

        DropSilent(now);
        if (now - _heardAt >= _consentTimeout)
        {
            State = State is IceState.Connected ? IceState.Expired : IceState.Failed;
            Path = null;
            NextDeadline = null;
            return;
        }

        Reconsider(now);
        Arm(now);
    }

    private void Note(in StunMessage request, RtcAddress from, TimeSpan now)
    {
        _heardAt = now;
        var path = Find(from);
        if (path is null)
        {
            path = Add(from);
        }

        var wasPlain = path.Checks > 0 && !path.LastCheckNominated;
        if (request.TryGetPriority(out var priority))
        {
            path.Priority = priority;
        }

        path.Checks++;
        path.LastCheckAt = now;
        path.LastCheckNominated = request.UseCandidate;
        path.IsNominated |= request.UseCandidate;

        if (request.UseCandidate && IsBetter(path, wasPlain, now))
        {
            Select(path);
        }
        else
        {
            Reconsider(now);
        }

        Arm(now);
    }

    private bool IsBetter(RemotePath path, bool wasPlain, TimeSpan now)
    {
        if (_selected is null || _selected == path || !_selected.IsNominated)
        {
            return true;
        }

        return wasPlain || path.Priority >= _selected.Priority || now - _selected.LastCheckAt >= PathSilence;
    }

    private void Select(RemotePath path)
    {
        _selected = path;
        Path = path.Address;
        State = IceState.Connected;
    }

    /// <summary>Leaves a silent path for a fresher one, and before any nomination follows the newest check.</summary>
    private void Reconsider(TimeSpan now)
    {
        if (_selected is { } selected && now - selected.LastCheckAt < PathSilence)
        {
            return;
        }

        RemotePath? freshest = null;
        foreach (var path in _paths)
        {
            if (freshest is null
                || (path.IsNominated, path.LastCheckAt).CompareTo((freshest.IsNominated, freshest.LastCheckAt)) > 0)
            {
                freshest = path;
            }
        }

        if (_selected is null)
        {
            // Not chosen yet, but the peer may begin DTLS on a pair that has passed a check.
            Path = freshest?.Address;
        }
        else if (freshest is not null && freshest != _selected && freshest.IsNominated && now - freshest.LastCheckAt < PathSilence)
        {
            Select(freshest);
        }
    }

    private void DropSilent(TimeSpan now)
    {
        for (var i = _paths.Count - 1; i >= 0; i--)
        {
            if (_paths[i] != _selected && now - _paths[i].LastCheckAt >= _consentTimeout)
            {
                _paths.RemoveAt(i);
            }
        }
    }

    private void Arm(TimeSpan now)
    {
        var deadline = _heardAt + _consentTimeout;
        if (_selected is { } selected && _paths.Count > 1)
        {
            var silence = selected.LastCheckAt + PathSilence;
            if (silence > now && silence < deadline)
            {
                deadline = silence;
            }
        }

        NextDeadline = deadline;
    }

    private RemotePath? Find(RtcAddress address)
    {
        foreach (var path in _paths)
        {
            if (path.Address == address)
            {
                return path;
            }
        }

        return null;
    }

    private RemotePath Add(RtcAddress address)
    {
        if (_paths.Count == MaxPaths)
        {
            // Full: the longest silent gives way. Only the peer itself can make paths, as checks are authenticated.
            var oldest = _paths.Where(path => path != _selected).MinBy(path => path.LastCheckAt)!;
            _paths.Remove(oldest);
        }

        var added = new RemotePath(address);
        _paths.Add(added);
        return added;
    }

    private sealed class RemotePath(RtcAddress address)
    {
        public RtcAddress Address { get; } = address;

        public uint Priority { get; set; }

        public long Checks { get; set; }

        public TimeSpan LastCheckAt { get; set; }

        public bool LastCheckNominated { get; set; }

        public bool IsNominated { get; set; }
    }
}
