using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Tests.Sessions;

/// <summary>What is kept of how the media of peers fared.</summary>
public sealed class MeasurementsTests : IAsyncLifetime
{
    private static readonly ProducerFigures Microphone = new("microphone", MediaKind.Audio, 30_000, 500, 5, TimeSpan.Zero, []);

    private static readonly PeerMediaFigures Live = new("", [], [Microphone], []);

    private static readonly EndedProducer Screen = new(
        new MediaProducer("screen", "", MediaKind.Video, false, IsScreenShare: true, "", "t", "", ""),
        new ProducerFigures("screen", MediaKind.Video, 500_000, 70, 1, TimeSpan.Zero, []),
        TimeSpan.FromSeconds(4));

    private SessionFixture _fixture = null!;

    public async Task InitializeAsync() => _fixture = await SessionFixture.StartAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task A_track_that_ended_is_kept_though_nothing_else_is_sent()
    {
        var anna = await EnterAsync();
        _fixture.Media!.Figures[anna.Id] = () => new(Live with { Producers = [], EndedProducers = [Screen] });
        var session = anna.Session.SessionId!.Value;
        await anna.DisconnectAsync(isFinal: true);
        var track = Assert.Single((await KeptAsync(session, anna)).Tracks);
        Assert.Equal(("screen", true), (track.ProducerId, track.IsScreenShare));
    }

    /// <summary>It is told once what has ended: to the round that was under way as the peer left, which found nobody to keep it for.</summary>
    [Fact]
    public async Task A_track_that_ended_is_kept_though_its_peer_leaves_while_it_is_measured()
    {
        var anna = await EnterAsync();
        var (asked, measured) = (new TaskCompletionSource(), new TaskCompletionSource<PeerMediaFigures>());
        var calls = 0;
        _fixture.Media!.Figures[anna.Id] = () =>
        {
            if (Interlocked.Increment(ref calls) > 1)
            {
                return new(Live);
            }

            asked.SetResult();
            return new(measured.Task);
        };
        var session = anna.Session.SessionId!.Value;
        await _fixture.PassAsync(MediaHistory.ShortestInterval * 2);
        await asked.Task;
        await anna.DisconnectAsync(isFinal: true);
        Assert.Equal(["microphone"], (await KeptAsync(session, anna)).Tracks.Select(track => track.ProducerId));

        measured.SetResult(Live with { EndedProducers = [Screen] });
        MediaHistory kept = null!;
        await SessionFixture.UntilAsync(async () => (kept = await KeptAsync(session, anna)).Tracks.Count == 2);
        var sent = kept.Samples.SelectMany(sample => sample.Sent).Select(sent => (kept.Tracks[sent.Track].ProducerId, sent.Packets)).Distinct();
        Assert.Equal([("microphone", 500), ("screen", 70)], sent.OrderBy(one => one.ProducerId));
    }

    /// <summary>The end of the loop came before what was measured of those who left with it, and a minute of samples was lost with the last.</summary>
    [Fact]
    public async Task What_was_measured_of_those_who_were_there_is_kept_when_the_server_stops()
    {
        var anna = await EnterAsync();
        var (asked, measured) = (new TaskCompletionSource(), new TaskCompletionSource<PeerMediaFigures>());
        _fixture.Media!.Figures[anna.Id] = () =>
        {
            asked.SetResult();
            return new(measured.Task);
        };
        var session = anna.Session.SessionId!.Value;
        var stopped = _fixture.Sessions.StopAsync(CancellationToken.None);
        await asked.Task;
        await SessionFixture.UntilAsync(async () => await anna.Session.AskAsync<object>(room => room, CancellationToken.None) is null);
        measured.SetResult(Live);
        await stopped;
        Assert.Equal("microphone", Assert.Single((await KeptAsync(session, anna)).Tracks).ProducerId);
    }

    private async Task<TestPeer> EnterAsync()
    {
        var anna = await _fixture.JoinAsync("Anna");
        await anna.AskAsync<bool>((room, answer) => room.Media.Enter(anna.Peer, isReturn: false, answer));
        await anna.DoAsync(room => room.Media.Complete(anna.Peer));
        return anna;
    }

    private async Task<MediaHistory> KeptAsync(SessionId session, TestPeer peer)
    {
        MediaHistory? kept = null;
        await SessionFixture.UntilAsync(async () => (kept = await _fixture.Service<MediaHistoryStore>().FindAsync(
            session, new PeerId(Guid.ParseExact(peer.Id, "D")), CancellationToken.None)) is not null);
        return kept!;
    }
}
