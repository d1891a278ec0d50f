using System.Threading.Channels;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Server.Live;

/// <summary>Something that happened to a session or a livestream, of which the other side is to hear.</summary>
internal abstract record LiveNewsItem;

/// <summary>A session has begun, or goes on that a restart interrupted.</summary>
internal sealed record SessionBegan(Meeting Meeting, SessionId SessionId, DateTimeOffset StartedAt, bool IsContinued) : LiveNewsItem;

/// <summary>So many are on stage now.</summary>
internal sealed record StageCounted(MeetingId MeetingId, SessionId SessionId, int OnStage) : LiveNewsItem;

/// <summary>A session has ended.</summary>
internal sealed record SessionEnded(MeetingId MeetingId, SessionId SessionId) : LiveNewsItem;

/// <summary>A livestream can be played.</summary>
internal sealed record LivestreamLive(ObservedLivestream Livestream) : LiveNewsItem;

/// <summary>A livestream is off air.</summary>
internal sealed record LivestreamOff(ObservedLivestream Livestream, string? Error) : LiveNewsItem;

/// <summary>
/// Brings what sessions and livestreams tell to those who act on it, out of the loops that tell it. It needs neither of them, so
/// that both can be given it.
/// </summary>
internal sealed class LiveNews(ILogger<LiveNews> logger) : ISessionObserver, ILivestreamObserver
{
    private const int Capacity = 65_536;

    // What is lost is logged: a livestream or a recording may then go on until its session's next news.
    private readonly Channel<LiveNewsItem> _news = Channel.CreateBounded<LiveNewsItem>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>In the order it happened, for one reader.</summary>
    public ChannelReader<LiveNewsItem> Items => _news.Reader;

    public void Began(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt) =>
        Add(new SessionBegan(meeting, sessionId, startedAt, IsContinued: false));

    public void Continued(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt) =>
        Add(new SessionBegan(meeting, sessionId, startedAt, IsContinued: true));

    public void PeerJoined(MeetingId meetingId, SessionId sessionId, PeerView peer)
    {
    }

    public void CountChanged(MeetingId meetingId, SessionId sessionId, int count)
    {
    }

    public void StageChanged(MeetingId meetingId, SessionId sessionId, int onStage) => Add(new StageCounted(meetingId, sessionId, onStage));

    public void Ended(MeetingId meetingId, SessionId sessionId, SessionEndReason reason) => Add(new SessionEnded(meetingId, sessionId));

    public void WentLive(ObservedLivestream livestream) => Add(new LivestreamLive(livestream));

    public void WentOffAir(ObservedLivestream livestream, string? error) => Add(new LivestreamOff(livestream, error));

    private void Add(LiveNewsItem item)
    {
        if (!_news.Writer.TryWrite(item))
        {
            LiveLog.NewsLost(logger, item.GetType().Name);
        }
    }
}
