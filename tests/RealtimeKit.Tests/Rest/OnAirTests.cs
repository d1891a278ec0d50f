using System.Text.Json.Nodes;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>What the API tells of a livestream that somebody publishes to.</summary>
public sealed class OnAirTests : IAsyncLifetime
{
    private ApiHost _host = null!;
    private TestAccount _account = null!;
    private Livestream _livestream = null!;
    private IngestPublisher _publisher = null!;

    private string Path => $"{_account.AppPath}/livestreams/{_livestream.Id}";

    public async Task InitializeAsync()
    {
        _host = await ApiHost.StartAsync();
        _account = _host.One;
        _livestream = await _host.NewLivestreamAsync(_account.First, "On air");
        _publisher = await _host.GoLiveAsync(_livestream);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task The_session_on_air_is_told_on_every_route()
    {
        _host.Clock.Advance(TimeSpan.FromSeconds(2));
        TestPackaging.SendKeyframe(_publisher);

        var active = await _host.Client.GetAsync($"{Path}/active-livestream-session", _account.WriteToken);
        var id = active.Data["session"]!["id"]!.GetValue<string>();
        var byId = await _host.Client.GetAsync($"{_account.AppPath}/livestreams/sessions/{id}", _account.WriteToken);
        var whole = await _host.Client.GetAsync(Path, _account.WriteToken);
        var list = await _host.Client.GetAsync($"{_account.AppPath}/livestreams?status=LIVE", _account.WriteToken);

        Assert.Equal(200, active.Status);
        Assert.Equal(["livestream", "session"], active.Data.AsObject().Select(field => field.Key));
        Assert.Equal("LIVE", active.Data["livestream"]!["status"]!.GetValue<string>());
        Assert.Equal(_livestream.StreamKey, active.Data["livestream"]!["stream_key"]!.GetValue<string>());
        Assert.NotNull(active.Data["session"]!["invoked_time"]);
        Assert.NotNull(active.Data["session"]!["started_time"]);
        Assert.Null(active.Data["session"]!["stopped_time"]);
        Assert.Equal(2, active.Data["session"]!["ingest_seconds"]!.GetValue<double>());
        Assert.Equal(id, byId.Data["id"]!.GetValue<string>());
        Assert.True(JsonNode.DeepEquals(whole.Data["session"], byId.Data));
        Assert.Equal(_livestream.Id.ToString(), list.Data["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task Figures_of_the_session_on_air_count_up_to_the_moment()
    {
        _host.Clock.Advance(TimeSpan.FromSeconds(5));
        TestPackaging.SendKeyframe(_publisher);

        var overall = await _host.Client.GetAsync($"{_account.AppPath}/analytics/livestreams/overall", _account.ReadToken);
        var days = await _host.Client.GetAsync($"{_account.AppPath}/analytics/livestreams/daywise", _account.ReadToken);

        Assert.Equal((1, 5), (overall.Data["count"]!.GetValue<int>(), overall.Data["total_ingest_seconds"]!.GetValue<int>()));
        Assert.Equal(5, days.Data.AsArray().Sum(day => day!["total_ingest_seconds"]!.GetValue<double>()));
    }

    [Fact]
    public async Task The_publisher_is_told_as_it_is_measured()
    {
        _publisher.Report(new PublisherMeasurements(BytesReceived: 12_345, DroppedFrames: 2, TimestampJumps: 1));
        _host.Clock.Advance(TimeSpan.FromSeconds(2));
        TestPackaging.SendKeyframe(_publisher);

        var told = await _host.Client.GetAsync($"{Path}/publisher", _account.WriteToken);
        var toReader = await _host.Client.GetAsync($"{Path}/publisher", _account.ReadToken);

        Assert.Equal(200, told.Status);
        Assert.Equal("rtmp", told.Data["protocol"]!.GetValue<string>());
        Assert.Equal("203.0.113.7", told.Data["remote_address"]!.GetValue<string>());
        Assert.Equal("An encoder", told.Data["encoder"]!.GetValue<string>());
        Assert.Equal(12_345, told.Data["bytes_received"]!.GetValue<long>());
        Assert.Equal(2, told.Data["dropped_frames"]!.GetValue<long>());
        Assert.Equal(1, told.Data["timestamp_jumps"]!.GetValue<long>());
        Assert.Equal(2, told.Data["keyframe_interval_seconds"]!.GetValue<double>());
        var tracks = told.Data["tracks"]!.AsArray();
        Assert.Equal(["video", "audio"], tracks.Select(track => track!["kind"]!.GetValue<string>()));
        Assert.Equal(["avc1.64001f", "mp4a.40.2"], tracks.Select(track => track!["codec"]!.GetValue<string>()));
        Assert.Equal((1280, 720), (tracks[0]!["width"]!.GetValue<int>(), tracks[0]!["height"]!.GetValue<int>()));
        Assert.Null(tracks[0]!["sample_rate_hz"]);
        Assert.Equal((48_000, 2), (tracks[1]!["sample_rate_hz"]!.GetValue<int>(), tracks[1]!["channels"]!.GetValue<int>()));
        Assert.True(toReader.Data.AsObject().ContainsKey("remote_address"));
        Assert.Null(toReader.Data["remote_address"]);
    }

    [Fact]
    public async Task Viewers_are_counted_by_player_and_listed()
    {
        var viewers = _host.Packaging.Viewers[_livestream.Id];
        foreach (var agent in new[] { "VLC/3.0.18 LibVLC/3.0.18", "AppleCoreMedia/1.0.0", "VLC/3.0.20 LibVLC/3.0.20" })
        {
            viewers.Seen(_host.Service<ViewerTokens>().NewViewerId(_livestream.Id), agent);
        }

        var told = await _host.Client.GetAsync($"{Path}/viewers", _account.ReadToken);

        Assert.Equal(3, told.Data["count"]!.GetValue<int>());
        Assert.Equal("""[{"player":"VLC","count":2},{"player":"AVPlayer","count":1}]""", told.Data["by_player"]!.ToJsonString());
        Assert.Equal(3, told.Data["viewers"]!.AsArray().Count);
        Assert.Equal(3, told.Data["viewers"]!.AsArray().Select(viewer => viewer!["id"]!.GetValue<string>()).Distinct().Count());
    }

    [Fact]
    public async Task Disabling_takes_it_off_air_and_refuses_publishers()
    {
        var disabled = await _host.Client.PatchAsync(Path, _account.WriteToken, """{"disabled":true}""");
        var active = await _host.Client.GetAsync($"{Path}/active-livestream-session", _account.WriteToken);
        var refused = await _host.Service<IIngestGate>().AdmitAsync(
            new IngestRequest(_livestream.StreamKey, "rtmp", "203.0.113.7", null), CancellationToken.None);

        Assert.Equal("IDLE", disabled.Data["status"]!.GetValue<string>());
        Assert.Equal(IngestEndReason.Stopped, _publisher.EndReason);
        Assert.Equal(40404, active.Code);
        Assert.Equal(IngestRefusal.Disabled, refused.Refusal);
    }

    [Fact]
    public async Task A_new_stream_key_ends_the_publisher_who_has_the_old_one()
    {
        var rotated = await _host.Client.PostAsync($"{Path}/rotate-key", _account.WriteToken);
        var gate = _host.Service<IIngestGate>();
        var old = await gate.AdmitAsync(new IngestRequest(_livestream.StreamKey, "rtmp", "203.0.113.7", null), CancellationToken.None);

        Assert.Equal(IngestEndReason.Stopped, _publisher.EndReason);
        Assert.Equal(IngestRefusal.UnknownKey, old.Refusal);
        _publisher.Close(IngestEndReason.Stopped);
        var returned = await gate.AdmitAsync(
            new IngestRequest(rotated.Data["stream_key"]!.GetValue<string>(), "rtmp", "203.0.113.7", null), CancellationToken.None);
        Assert.NotNull(returned.Publisher);
    }

    [Fact]
    public async Task Deleting_takes_it_off_air_and_closes_its_session()
    {
        var session = (await _host.Client.GetAsync(Path, _account.WriteToken)).Data["session"]!["id"]!.GetValue<string>();

        Assert.Equal(200, (await _host.Client.DeleteAsync(Path, _account.WriteToken)).Status);

        var closed = await _host.Client.GetAsync($"{_account.AppPath}/livestreams/sessions/{session}", _account.WriteToken);
        Assert.Equal(IngestEndReason.Stopped, _publisher.EndReason);
        Assert.True(closed.Status == 404 || closed.Data["stopped_time"] is not null);
    }
}
