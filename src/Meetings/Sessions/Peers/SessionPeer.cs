using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Peers;

/// <summary>How far a peer has come.</summary>
public enum PresenceState
{
    /// <summary>Connected, and has not asked to join, or was rejected.</summary>
    Connected,

    /// <summary>Waits to be let in.</summary>
    Waiting,

    /// <summary>In the session.</summary>
    Joined,

    /// <summary>Its connection was lost; its transports are kept for a while.</summary>
    Lost,

    /// <summary>Gone for good.</summary>
    Gone,
}

/// <summary>One presence of a participant in a session. Its state is the session loop's; others hold it as a handle.</summary>
public sealed class SessionPeer
{
    private readonly Dictionary<ActPace, Allowance> _allowances = [];

    internal SessionPeer(string id, SessionMember member)
    {
        Id = id;
        Member = member;
        Name = member.Participant.Name ?? "";
        Picture = member.Participant.Picture ?? "";
    }

    /// <summary>The peer id, chosen by the client.</summary>
    public string Id { get; }

    /// <summary>The participant.</summary>
    public string UserId => Member.UserId;

    /// <summary>What it may do, as of now.</summary>
    public Preset Preset => Member.Preset;

    /// <summary>Whether its connection is still this one: another may have taken its place. Asked on the session's loop.</summary>
    public bool IsLinkedBy(IPeerLink link) => Link == link;

    internal SessionMember Member { get; }

    internal PresetPermissions May => Member.Preset.Permissions;

    internal IPeerLink? Link { get; set; }

    internal PresenceState State { get; set; }

    internal string Name { get; set; }

    internal string Picture { get; set; }

    /// <summary>Null until it first joins; kept through reconnections.</summary>
    internal StageState? Stage { get; set; }

    /// <summary>When it joined last, for the records.</summary>
    internal DateTimeOffset? JoinedAt { get; set; }

    /// <summary>When its connection was lost, on the session's clock.</summary>
    internal TimeSpan LostAt { get; set; }

    /// <summary>When to close its connection although nobody there did; null while there is no reason to.</summary>
    internal TimeSpan? CloseAt { get; set; }

    /// <summary>Whether it is the server's own, and no person's: it is in no record, and keeps no session alive.</summary>
    internal bool IsGuest { get; init; }

    /// <summary>Whether it is a page in a browser of the server's own, which sees and hears and does nothing.</summary>
    internal bool IsRecorder => Member.Participant.IsOwn;

    /// <summary>Whether it is sent no sound of others.</summary>
    internal bool IsDeaf { get; set; }

    /// <summary>Whether its hand is raised.</summary>
    internal bool HasHandUp { get; set; }

    /// <summary>What the meeting's owner has noted of it: a JSON object.</summary>
    internal string Notes { get; set; } = "{}";

    /// <summary>What of its media is held back when it first sends it on stage, as the meeting's owner wants it.</summary>
    internal MediaChoice ArrivesWithout { get; set; }

    /// <summary>Producers that it has paused itself, by id.</summary>
    internal HashSet<string> PausedByItself { get; } = new(StringComparer.Ordinal);

    /// <summary>What it sends, by producer id.</summary>
    internal Dictionary<string, MediaProducer> Producers { get; } = [];

    /// <summary>Whether it has entered the media side.</summary>
    internal bool IsInMedia { get; set; }

    /// <summary>Whether it is ready to send and receive, and the others know.</summary>
    internal bool IsMediaComplete { get; set; }

    /// <summary>Its return to the media side while that is held up; null otherwise.</summary>
    internal HeldReturn? HeldReturn { get; set; }

    /// <summary>Whether it has asked to enter the media side since it connected last.</summary>
    internal bool HasAskedIn { get; set; }

    /// <summary>Transports that it asked for before that.</summary>
    internal Dictionary<TransportDirection, HeldTransport> HeldTransports { get; } = [];

    /// <summary>The last of its media calls; they are made one after the other.</summary>
    internal Task MediaCalls { get; set; } = Task.CompletedTask;

    internal bool IsJoined => State is PresenceState.Joined;

    internal PeerView View => new(
        Id,
        UserId,
        Name,
        Picture,
        Member.Participant.CustomId,
        Preset.Id.ToString(),
        Preset.Name,
        Stage ?? StageState.Off,
        State is PresenceState.Waiting,
        May.HiddenParticipant,
        May.RecorderType) { IsTranscribed = May.TranscriptionEnabled };

    internal bool TryTake(ActPace pace, TimeSpan now)
    {
        if (!_allowances.TryGetValue(pace, out var allowance))
        {
            _allowances.Add(pace, allowance = new Allowance(pace.Burst, pace.PerSecond));
        }

        return allowance.TryTake(now);
    }
}
