using System.Text.Json.Nodes;
using Roomcast.Livestreams.Records;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>The livestream of a meeting as the web client asks for it and is told of it.</summary>
public sealed class LivestreamTests : IAsyncLifetime
{
    private MeetingHost _host = null!;
    private Meeting _meeting = null!;

    public async Task InitializeAsync()
    {
        _host = await MeetingHost.StartAsync();
        _meeting = await _host.NewMeetingAsync();
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Hosts_start_and_stop_and_learn_the_key_and_viewers_only_where_to_watch()
    {
        var host = await _host.NewGuestAsync(_meeting, "Ada", "livestream_host");
        var viewer = await _host.NewGuestAsync(_meeting, "Eve", "livestream_viewer");
        await using var ada = await _host.JoinAsync(host);
        Assert.Equal(404, (await AskAsync(HttpMethod.Get, "active-livestream", host)).Status);
        Assert.Equal(403, (await AskAsync(HttpMethod.Post, "livestreams", viewer)).Status);

        var started = await AskAsync(HttpMethod.Post, "livestreams", host, """{"manual_ingest":true}""");
        Assert.Equal(200, started.Status);
        Assert.Equal(("INVOKED", true), ((string?)started.Data!["status"], (bool?)started.Data["manual_ingest"]));
        Assert.Equal(64, ((string?)started.Data["stream_key"])!.Length);
        Assert.Equal("rtmp://live.example.org:1935/live/", (string?)started.Data["ingest_server"]);

        var seen = await AskAsync(HttpMethod.Get, "active-livestream", viewer);
        Assert.Equal((string?)started.Data["playback_url"], (string?)seen.Data!["playback_url"]);
        Assert.False(seen.Data.AsObject().ContainsKey("stream_key") || seen.Data.AsObject().ContainsKey("ingest_server"));
        Assert.Equal(403, (await AskAsync(HttpMethod.Post, "active-livestream/stop", viewer)).Status);
        Assert.Equal(200, (await AskAsync(HttpMethod.Post, "active-livestream/stop", host)).Status);
        Assert.Equal(404, (await AskAsync(HttpMethod.Post, "active-livestream/stop", host)).Status);
    }

    [Fact]
    public async Task Who_starts_a_second_time_is_refused_and_reminded()
    {
        var guest = await _host.NewGuestAsync(_meeting, "Ada", "livestream_host");
        await using var ada = await _host.JoinAsync(guest);
        var first = await AskAsync(HttpMethod.Post, "livestreams", guest);
        var id = LivestreamId.TryParse((string?)first.Data!["id"], out var parsed) ? parsed : default;
        await _host.Service<LivestreamStore>().SetStatusAsync(id, LivestreamStatus.Live, CancellationToken.None);

        Assert.Equal(409, (await AskAsync(HttpMethod.Post, "livestreams", guest)).Status);
        var reminder = await ada.HearAsync(SocketEvent.LivestreamStarted, LiveStreamingEvent.Parser);
        Assert.Equal((id.ToString(), "LIVE", false), (reminder.LivestreamId, reminder.Status, reminder.ManualIngest));
        Assert.Equal($"https://live.example.org/live/{id}/index.m3u8", reminder.PlaybackUrl);
    }

    [Theory]
    [InlineData(44u, "INVOKED")]
    [InlineData(8u, "LIVE")]
    [InlineData(9u, "IDLE")]
    [InlineData(10u, "ERRORED")]
    public async Task Everybody_who_has_joined_is_told(uint number, string status)
    {
        var ada = await _host.JoinAsync(await _host.NewGuestAsync(_meeting, "Ada", "livestream_host"));
        var eve = await _host.JoinAsync(await _host.NewGuestAsync(_meeting, "Eve", "livestream_viewer"));
        var facts = new SessionLivestream(Guid.NewGuid(), _meeting.Id.Value, _meeting.AppId.Value, "Show", "https://x.example.org/i.m3u8", IsManual: true);
        SessionEvent happened = number switch
        {
            44 => new LivestreamInvoked(facts),
            8 => new LivestreamStarted(facts),
            9 => new LivestreamStopped(facts),
            _ => new LivestreamFailed(facts, "the encoder caught fire"),
        };
        await _host.Service<IActiveSessions>().TellAsync(_meeting.Id, happened, CancellationToken.None);
        foreach (var client in (SocketClient[])[ada, eve])
        {
            var told = await client.HearAsync((SocketEvent)number, LiveStreamingEvent.Parser);
            Assert.Equal((status, "Show", true, "https://x.example.org/i.m3u8"), (told.Status, told.Name, told.ManualIngest, told.PlaybackUrl));
            Assert.Equal(number == 10 ? "the encoder caught fire" : "", told.ErrMessage);
            await client.DisposeAsync();
        }
    }

    private async Task<(int Status, JsonNode? Data)> AskAsync(HttpMethod method, string path, Guest guest, string body = "{}")
    {
        using var request = new HttpRequestMessage(method, new Uri($"/v2/meetings/{_meeting.Id}/{path}", UriKind.Relative));
        request.Headers.Authorization = new("Bearer", guest.Token);
        if (method == HttpMethod.Post)
        {
            request.Content = new StringContent(body, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json"));
        }

        using var answer = await _host.Api.Client.Http.SendAsync(request);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())?["data"]);
    }
}
