using Microsoft.Extensions.Logging;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Loop;

namespace Roomcast.Meetings.Sessions;

/// <summary>What every session is given.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Options">How sessions behave.</param>
/// <param name="Logger">Where they log.</param>
/// <param name="Metrics">Where they count.</param>
/// <param name="Recorder">Where they are recorded.</param>
/// <param name="Messages">Where chat messages are kept.</param>
/// <param name="Memories">Where they remember what outlives a restart.</param>
/// <param name="Family">What meetings know of those connected to them.</param>
/// <param name="OpenMedia">Opens a media room of a name that none had before.</param>
/// <param name="Observers">Who learns of all sessions; asked late, since they may need the sessions themselves.</param>
/// <param name="RosterObservers">Who learns of those in them; asked late as well.</param>
internal sealed record SessionParts(
    TimeProvider Time,
    MeetingSessionOptions Options,
    ILogger Logger,
    SessionMetrics Metrics,
    SessionRecorder Recorder,
    ChatMessageStore Messages,
    SessionMemoryStore Memories,
    MeetingFamilies Family,
    Func<string, IMediaSide> OpenMedia,
    Func<IReadOnlyList<ISessionObserver>> Observers,
    Func<IReadOnlyList<IRosterObserver>> RosterObservers)
{
    /// <summary>When the server began to have sessions, on the sessions' clock.</summary>
    public TimeSpan ServerStartedAt { get; } = Time.GetElapsedTime(0, Time.GetTimestamp());
}
