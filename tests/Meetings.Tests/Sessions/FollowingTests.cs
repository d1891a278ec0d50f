using System.Collections.Concurrent;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Tests.Sessions;

/// <summary>Who follows a session from outside knows who is on stage and what they send, and is told of its end.</summary>
public sealed class FollowingTests
{
    [Fact]
    public async Task The_stage_is_told_as_it_is()
    {
        await using var fixture = await SessionFixture.StartAsync();
        var ada = await fixture.JoinAsync("Ada");
        var sessionId = fixture.Active.Find(fixture.Meeting.Id)!.Value;
        var follower = new Follower();
        await using var following = await fixture.Sessions.FollowAsync(sessionId, follower, CancellationToken.None);
        Assert.NotNull(following);
        await SessionFixture.UntilAsync(() => follower.Last is { Peers: [{ Name: "Ada" }] });

        await fixture.PassAsync(TimeSpan.FromSeconds(1));
        await fixture.JoinAsync("Ben");
        await SessionFixture.UntilAsync(() => follower.Last is { Peers: [{ Name: "Ada" }, { Name: "Ben" }] });
        await ada.AskAsync<Produced>((room, answer) => room.Media.Produce(
            ada.Peer, new ProduceRequest(MediaKind.Audio, false, false, "{}", "0", "audio/opus", "offer", TransportId: "t"), answer));
        await SessionFixture.UntilAsync(() => follower.Last!.Peers[0].Producers is [{ IsPaused: false, Kind: MediaKind.Audio }]);
        await fixture.Active.MuteAllAsync(fixture.Meeting.Id, allowUnmute: true, CancellationToken.None);
        await SessionFixture.UntilAsync(() => follower.Last!.Peers[0].Producers is [{ IsPaused: true }]);
        fixture.Media!.Raise(new SpeakersChanged([ada.Peer.Id]));
        await SessionFixture.UntilAsync(() => follower.Last!.SpeakerId == ada.Peer.Id);
        Assert.Equal(fixture.Meeting.Id, follower.Last!.MeetingId);

        var told = follower.Stages.Count;
        await fixture.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(told, follower.Stages.Count);
    }

    [Fact]
    public async Task The_audience_is_not_on_stage()
    {
        await using var fixture = await SessionFixture.StartAsync();
        await fixture.JoinAsync("Ada", "livestream_host");
        await fixture.JoinAsync("Eve", "livestream_viewer");
        var follower = new Follower();
        await using var following = await fixture.Sessions.FollowAsync(
            fixture.Active.Find(fixture.Meeting.Id)!.Value, follower, CancellationToken.None);
        await SessionFixture.UntilAsync(() => follower.Last is { Peers: [{ Name: "Ada" }] });
    }

    [Fact]
    public async Task The_end_is_told_once_and_a_session_that_is_over_is_not_followed()
    {
        await using var fixture = await SessionFixture.StartAsync();
        await fixture.JoinAsync("Ada");
        var sessionId = fixture.Active.Find(fixture.Meeting.Id)!.Value;
        var (follower, gone) = (new Follower(), new Follower());
        await fixture.Sessions.FollowAsync(sessionId, follower, CancellationToken.None);
        await (await fixture.Sessions.FollowAsync(sessionId, gone, CancellationToken.None))!.DisposeAsync();

        await fixture.Active.KickAllAsync(fixture.Meeting.Id, CancellationToken.None);
        await SessionFixture.UntilAsync(() => follower.Ends == 1);
        Assert.Null(await fixture.Sessions.FollowAsync(sessionId, new Follower(), CancellationToken.None));
        Assert.Null(await fixture.Sessions.FollowAsync(new SessionId(Guid.NewGuid()), new Follower(), CancellationToken.None));
        Assert.Equal((1, 0), (follower.Ends, gone.Ends));
    }

    [Fact]
    public async Task A_session_has_so_many_followers_and_no_more()
    {
        await using var fixture = await SessionFixture.StartAsync();
        await fixture.JoinAsync("Ada");
        var sessionId = fixture.Active.Find(fixture.Meeting.Id)!.Value;
        for (var i = 0; i < SessionLimits.MaxOtherFollowers; i++)
        {
            Assert.NotNull(await fixture.Sessions.FollowAsync(sessionId, new Follower(), CancellationToken.None));
        }

        var refusal = await RefusalAsync(new Follower());
        Assert.Equal(SessionFault.TooMany, refusal.Fault);
        Assert.Contains($"at most {SessionLimits.MaxFollowers} ", refusal.Message, StringComparison.Ordinal);

        // The last place is that of what composes the session, as often as it comes back to it.
        for (var i = 0; i < 3; i++)
        {
            var composing = await fixture.Sessions.FollowAsync(sessionId, new Follower { IsComposition = true }, CancellationToken.None);
            Assert.NotNull(composing);
            Assert.Equal(SessionFault.TooMany, (await RefusalAsync(new Follower { IsComposition = true })).Fault);
            Assert.Equal(SessionFault.TooMany, (await RefusalAsync(new Follower())).Fault);
            await composing.DisposeAsync();
        }

        Task<SessionException> RefusalAsync(Follower follower) => Assert.ThrowsAsync<SessionException>(
            () => fixture.Sessions.FollowAsync(sessionId, follower, CancellationToken.None));
    }

    [Fact]
    public async Task What_composes_a_session_takes_no_place_from_the_others()
    {
        await using var fixture = await SessionFixture.StartAsync();
        await fixture.JoinAsync("Ada");
        var sessionId = fixture.Active.Find(fixture.Meeting.Id)!.Value;
        Assert.NotNull(await fixture.Sessions.FollowAsync(sessionId, new Follower { IsComposition = true }, CancellationToken.None));
        for (var i = 0; i < SessionLimits.MaxOtherFollowers; i++)
        {
            Assert.NotNull(await fixture.Sessions.FollowAsync(sessionId, new Follower(), CancellationToken.None));
        }

        await Assert.ThrowsAsync<SessionException>(() => fixture.Sessions.FollowAsync(sessionId, new Follower(), CancellationToken.None));
    }

    [Fact]
    public async Task Observers_learn_of_beginning_count_and_end()
    {
        var observer = new Observer();
        await using var fixture = await SessionFixture.StartAsync(observer: observer);
        await fixture.JoinAsync("Ada");
        var sessionId = fixture.Active.Find(fixture.Meeting.Id)!.Value;
        await fixture.JoinAsync("Ben");
        await SessionFixture.UntilAsync(() => observer.Told.Contains("count 2"));
        await fixture.Active.KickAllAsync(fixture.Meeting.Id, CancellationToken.None);
        await SessionFixture.UntilAsync(() => observer.Told.Contains("ended EndedByHost"));
        Assert.Equal([$"began {sessionId}", "count 1", "on stage 1", "count 2", "on stage 2"], observer.Told.Take(5));
    }

    [Fact]
    public async Task Observers_learn_of_a_session_that_an_earlier_life_of_the_server_left_open_and_nobody_came_back_to()
    {
        var observer = new Observer();
        await using var fixture = await SessionFixture.StartAsync(observer: observer);
        var left = await fixture.Service<SessionRecordStore>().BeginAsync(fixture.Meeting, fixture.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        for (var i = 0; i < 10; i++)
        {
            fixture.Clock.Advance(TimeSpan.FromSeconds(30));
            await Task.Delay(10);
        }

        await SessionFixture.UntilAsync(() => observer.Told.Contains($"ended unattended {left.Id}"));
        Assert.Single(observer.Told);
    }

    [Fact]
    public async Task Observers_can_tell_a_session_that_goes_on_after_a_restart_from_one_that_begins()
    {
        var observer = new Observer();
        await using var fixture = await SessionFixture.StartAsync(observer: observer);

        // As the server left it that somebody had joined on, and that was killed.
        var left = await fixture.Service<SessionRecordStore>().BeginAsync(
            fixture.Meeting, fixture.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        fixture.Clock.Advance(TimeSpan.FromSeconds(30));
        await fixture.JoinAsync("Ada");
        await SessionFixture.UntilAsync(() => observer.Told.Contains("count 1"));
        Assert.Equal($"continued {left.Id}", observer.Told.First());

        await fixture.Active.KickAllAsync(fixture.Meeting.Id, CancellationToken.None);
        await SessionFixture.UntilAsync(() => observer.Told.Contains("ended EndedByHost"));
        await fixture.JoinAsync("Ben");
        var next = fixture.Active.Find(fixture.Meeting.Id)!.Value;
        await SessionFixture.UntilAsync(() => observer.Told.Contains($"began {next}"));
        Assert.Single(observer.Told, told => told.StartsWith("continued", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_falls_silent_talks_no_longer_and_keeps_the_place_of_the_speaker()
    {
        var observer = new Observer();
        await using var fixture = await SessionFixture.StartAsync(observer: observer);
        var ada = await fixture.JoinAsync("Ada");
        await ada.AskAsync<bool>((room, answer) => room.Media.Enter(ada.Peer, isReturn: false, answer));
        fixture.Media!.Raise(new SpeakersChanged([ada.Id]));
        fixture.Media.Raise(new TalkingChanged([ada.Id]));
        await SessionFixture.UntilAsync(() => observer.Traits.LastOrDefault() is { TalkingIds: [var talking] } && talking == ada.Id);
        fixture.Media.Raise(new TalkingChanged([]));
        await SessionFixture.UntilAsync(() => observer.Traits.LastOrDefault() is { TalkingIds: [] });
        Assert.Equal(ada.Id, observer.Traits.Last().SpeakerId);
        var told = observer.Traits.Count;
        await fixture.JoinAsync("Ben");
        Assert.Equal(told, observer.Traits.Count);
    }

    [Fact]
    public async Task What_is_sent_to_everybody_is_heard_from_outside_and_what_is_sent_to_some_is_not()
    {
        var observer = new Observer();
        await using var fixture = await SessionFixture.StartAsync(observer: observer);
        var ada = await fixture.JoinAsync("Ada");
        var ben = await fixture.JoinAsync("Ben");
        await ada.DoAsync(room => room.Broadcasts.SendTo(ada.Peer, new BroadcastMessage("ID3", "1"u8.ToArray(), 1), [ben.Id], isSpotlight: false));
        await ada.DoAsync(room => room.Broadcasts.Send(ada.Peer, new BroadcastMessage("ID3", "2"u8.ToArray(), 1), isSpotlight: false));
        Assert.Equal(["ID3 2"], observer.Messages);
    }

    private sealed class Observer : ISessionObserver, IRosterObserver
    {
        public ConcurrentQueue<string> Messages { get; } = new();

        public void MessageHeard(MeetingId meetingId, SessionId sessionId, BroadcastMessage message) =>
            Messages.Enqueue($"{message.Type} {System.Text.Encoding.UTF8.GetString(message.Payload.Span)}");

        public ConcurrentQueue<SessionTraits> Traits { get; } = new();

        public void Arrived(SessionId sessionId, RosterPeer peer)
        {
        }

        public void Changed(SessionId sessionId, RosterPeer peer, RosterPeer before)
        {
        }

        public void Departed(SessionId sessionId, RosterPeer peer)
        {
        }

        public void Changed(SessionId sessionId, SessionTraits traits) => Traits.Enqueue(traits);

        public ConcurrentQueue<string> Told { get; } = new();

        public void Began(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt) => Told.Enqueue($"began {sessionId}");

        public void Continued(Meeting meeting, SessionId sessionId, DateTimeOffset startedAt) => Told.Enqueue($"continued {sessionId}");

        public void PeerJoined(MeetingId meetingId, SessionId sessionId, PeerView peer)
        {
        }

        public void CountChanged(MeetingId meetingId, SessionId sessionId, int count) => Told.Enqueue($"count {count}");

        public void StageChanged(MeetingId meetingId, SessionId sessionId, int onStage) => Told.Enqueue($"on stage {onStage}");

        public void Ended(MeetingId meetingId, SessionId sessionId, SessionEndReason reason) => Told.Enqueue($"ended {reason}");

        public void EndedUnattended(SessionRecord session) => Told.Enqueue($"ended unattended {session.Id}");
    }

    private sealed class Follower : ISessionFollower
    {
        private int _ends;

        public bool IsComposition { get; init; }

        public ConcurrentQueue<StageView> Stages { get; } = new();

        public StageView? Last => Stages.LastOrDefault();

        public int Ends => Volatile.Read(ref _ends);

        public void OnStage(StageView stage) => Stages.Enqueue(stage);

        public void OnEnded() => Interlocked.Increment(ref _ends);

        public void OnTrack(MediaProducer producer, uint ssrc, byte payloadType)
        {
        }

        public void OnTrackEnded(string producerId)
        {
        }

        public void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp)
        {
        }

        public void OnRoomEnded()
        {
        }
    }
}
