using System.Text.Json.Nodes;
using Roomcast.Client.Media;
using Roomcast.Conformance.Running;
using Roomcast.TestKit;
using Roomcast.TestKit.Speech;

namespace Roomcast.Conformance.Facts;

/// <summary>From the microphone of a participant to text: RTP through the real server, Ogg over HTTP, and the answer of a service that listens.</summary>
public sealed class TranscriptionTests
{
    private const int Hertz = 660;

    [Fact]
    public async Task What_is_said_reaches_those_whose_preset_allows_it_and_nobody_else_and_foul_words_are_covered()
    {
        await using var speech = await HearingEndpoint.StartAsync();
        speech.Besides = ", damn bullshit";
        await using var server = await RunningServer.StartAsync("--transcription-url", speech.Address.ToString(), "--transcription-longest-piece", "2s");
        using var folder = new TemporaryFolder();
        await AddPresetAsync(server, "reader", isTranscribed: true);
        await AddPresetAsync(server, "other", isTranscribed: false);
        var meeting = $"/meetings/{(string)(await server.PostAsync("/meetings", new
        {
            title = "Spoken", transcribe_on_end = true, ai_config = new { transcription = new { profanity_filter = true } },
        }))["id"]!}";
        var sound = await ToneAsync(folder, Hertz);
        await using var reader = await server.InitAsync(meeting, "Reader", "reader");
        await using var other = await server.InitAsync(meeting, "Other", "other");
        await using var speaker = await server.InitAsync(meeting, "Speaker", "other", options => options with { Audio = sound });
        await reader.JoinAsync();
        await other.JoinAsync();
        await speaker.JoinAsync();

        // The meeting wants a transcript, so everybody is heard; who is told of it is the preset's matter.
        await server.UntilAsync(() => reader.Ai.Transcripts.Count >= 3, "what is said was told");
        Assert.All(reader.Ai.Transcripts, line => Assert.Equal(
            (speaker.Self.Id, speaker.Self.UserId, "Speaker", $"tone {Hertz}, damn b*******", false), (line.PeerId, line.UserId, line.Name, line.Text, line.IsPartial)));
        Assert.Empty(other.Ai.Transcripts);
        Assert.Empty(speaker.Ai.Transcripts);

        var session = (string)(await server.GetAsync($"{meeting}/active-session"))["id"]!;
        await server.PostAsync($"{meeting}/active-session/kick-all");
        await server.UntilAsync($"/sessions/{session}", each => (string)each["status"]! == "ENDED");
        var file = await server.UntilAsync($"/sessions/{session}/transcript?format=JSON", _ => true);
        var text = await server.DownloadAsync((string)file["transcript_download_url"]!);
        Assert.Contains($"\"sentence\":\"tone {Hertz}, damn b*******\"", text, StringComparison.Ordinal);
        Assert.Contains($"\"id\":\"{speaker.Self.Id}\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_those_whose_preset_has_it_are_heard_where_the_meeting_wants_no_transcript()
    {
        await using var speech = await HearingEndpoint.StartAsync();
        await using var server = await RunningServer.StartAsync("--transcription-url", speech.Address.ToString(), "--transcription-longest-piece", "2s");
        using var folder = new TemporaryFolder();
        await AddPresetAsync(server, "heard", isTranscribed: true);
        await AddPresetAsync(server, "unheard", isTranscribed: false);
        var meeting = $"/meetings/{(string)(await server.PostAsync("/meetings"))["id"]!}";
        var (low, high) = (await ToneAsync(folder, 440), await ToneAsync(folder, 880));
        await using var unheard = await server.InitAsync(meeting, "Unheard", "unheard", options => options with { Audio = low });
        await using var heard = await server.InitAsync(meeting, "Heard", "heard", options => options with { Audio = high });
        await unheard.JoinAsync();
        await heard.JoinAsync();

        await server.UntilAsync(() => heard.Ai.Transcripts.Count >= 4, "what is said was told");
        Assert.All(heard.Ai.Transcripts, line => Assert.Equal((heard.Self.Id, "tone 880"), (line.PeerId, line.Text)));
        Assert.Empty(unheard.Ai.Transcripts);
    }

    [Fact]
    public async Task What_a_meeting_comes_to_want_in_the_middle_of_its_session_holds_from_then_on()
    {
        await using var speech = await HearingEndpoint.StartAsync();
        await using var server = await RunningServer.StartAsync(
            "--transcription-url", speech.Address.ToString(), "--transcription-longest-piece", "2s", "--summary-url", speech.Address.ToString());
        using var folder = new TemporaryFolder();
        await AddPresetAsync(server, "unheard", isTranscribed: false);
        var meeting = $"/meetings/{(string)(await server.PostAsync("/meetings"))["id"]!}";
        var sound = await ToneAsync(folder, Hertz);
        await using var speaker = await server.InitAsync(meeting, "Speaker", "unheard", options => options with { Audio = sound });
        await speaker.JoinAsync();
        var session = (string)(await server.GetAsync($"{meeting}/active-session"))["id"]!;
        Assert.Equal(404, (await server.CallAsync(HttpMethod.Get, $"/sessions/{session}/transcript", server.Token)).Status);

        await server.AskAsync(HttpMethod.Patch, meeting, new { transcribe_on_end = true });
        await server.UntilAsync($"/sessions/{session}/transcript", _ => true);
        await server.AskAsync(HttpMethod.Patch, meeting, new { transcribe_on_end = false, summarize_on_end = true });
        await server.PostAsync($"{meeting}/active-session/kick-all");
        var summary = await server.UntilAsync($"/sessions/{session}/summary", _ => true);
        Assert.NotEmpty(await server.DownloadAsync((string)summary["summaryDownloadUrl"]!));
    }

    [Fact]
    public async Task Each_app_is_heard_by_its_own_service_alone_and_one_without_by_none()
    {
        await using var first = await HearingEndpoint.StartAsync();
        await using var second = await HearingEndpoint.StartAsync();
        await using var server = await RunningServer.StartAsync("--ai-allow-private-targets", "true", "--transcription-longest-piece", "2s");
        using var folder = new TemporaryFolder();
        var apps = new List<string>();
        foreach (var (name, service) in new (string, HearingEndpoint?)[] { ("First", first), ("Second", second), ("Third", null) })
        {
            var app = (string)(await server.PostAsync($"{server.AccountPath}/apps", new { name }))["app"]!["id"]!;
            apps.Add($"{server.AccountPath}/{app}");
            if (service is not null)
            {
                var services = new { transcription = new { url = service.Address.ToString(), model = name, api_key = $"key-of-{name}" } };
                await server.AskAsync(HttpMethod.Patch, $"{apps[^1]}/ai-services", services);
            }
        }

        var sessions = new List<string>();
        foreach (var app in apps)
        {
            var meeting = $"{app}/meetings/{(string)(await server.PostAsync($"{app}/meetings", new { transcribe_on_end = true }))["id"]!}";
            var sound = await ToneAsync(folder, 440 + (200 * sessions.Count));
            await using var speaker = await server.InitAsync(meeting, "Speaker", change: options => options with { Audio = sound });
            await speaker.JoinAsync();
            sessions.Add($"{app}/sessions/{(string)(await server.GetAsync($"{meeting}/active-session"))["id"]!}");
            if (sessions.Count < 3)
            {
                await server.UntilAsync($"{sessions[^1]}/transcript", _ => true);
            }
            else
            {
                await Task.Delay(TimeSpan.FromSeconds(6)); // As long as several pieces of speech.
            }

            await server.PostAsync($"{meeting}/active-session/kick-all");
        }

        Assert.NotEmpty(first.Asked);
        Assert.NotEmpty(second.Asked);
        Assert.All(first.Asked, asked => Assert.StartsWith("Bearer key-of-First First ", asked, StringComparison.Ordinal));
        Assert.All(second.Asked, asked => Assert.StartsWith("Bearer key-of-Second Second ", asked, StringComparison.Ordinal));
        foreach (var (session, tone) in sessions.Take(2).Zip(new[] { "tone 440", "tone 640" }))
        {
            var file = await server.GetAsync($"{session}/transcript");
            Assert.Contains(tone, await server.DownloadAsync((string)file["transcript_download_url"]!), StringComparison.Ordinal);
        }

        var none = await server.CallAsync(HttpMethod.Get, $"{sessions[2]}/transcript", server.Token);
        Assert.Equal((404, 40401), (none.Status, none.Code));
        var summary = await server.CallAsync(HttpMethod.Post, $"{sessions[2]}/summary", server.Token);
        Assert.Equal((409, 40902, "false"), (summary.Status, summary.Code, summary.Headers["x-should-retry"]));
    }

    private static async Task<OggAudioSource> ToneAsync(TemporaryFolder folder, int hertz) =>
        await OggAudioSource.OpenAsync(await OpusTone.WriteAsync(folder, hertz, 2), repeats: true);

    private static Task<JsonNode> AddPresetAsync(RunningServer server, string name, bool isTranscribed) => server.PostAsync(
        "/presets",
        new { name, config = new { view_type = "GROUP_CALL" }, permissions = new { transcription_enabled = isTranscribed } });
}
