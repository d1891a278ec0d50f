using System.Text.Json.Nodes;
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Conformance.Running;
using Roomcast.TestKit;
using Roomcast.TestKit.Speech;
using Roomcast.TestKit.Webhooks;

namespace Roomcast.Conformance.Facts;

/// <summary>
/// One meeting of the real server from its first join to its last file, with everything that webhooks are told of: two who come, one
/// who speaks, a chat, a recording, a livestream, one who leaves, the end by a host, and the files that are left.
/// </summary>
public sealed class WholeMeeting : IAsyncLifetime, IDisposable
{
    /// <summary>The tone that is spoken, as the service writes it down.</summary>
    public const string Spoken = "tone 440";

    private const int Hertz = 440;

    private readonly TemporaryFolder _folder = new();
    private RunningServer? _server;
    private TestReceiver? _receiver;
    private HearingEndpoint? _speech;

    public RunningServer Server => _server!;

    public string MeetingId { get; private set; } = "";

    public string SessionId { get; private set; } = "";

    public string RecordingId { get; private set; } = "";

    public JsonNode Livestream { get; private set; } = null!;

    /// <summary>Who left before the end, and who stayed.</summary>
    public string LeaverPeerId { get; private set; } = "";

    public string StayerPeerId { get; private set; } = "";

    /// <summary>What came, each delivery once.</summary>
    public IReadOnlyList<ReceivedWebhook> Received => [.. _receiver!.Received.DistinctBy(each => each.DeliveryId)];

    /// <summary>Those of one event, in their order.</summary>
    public IReadOnlyList<JsonObject> Of(string name) => [.. Received.Where(each => each.Event == name).Select(each => each.Payload)];

    public async Task InitializeAsync()
    {
        _receiver = await TestReceiver.StartAsync();
        _speech = await HearingEndpoint.StartAsync();
        _server = await RunningServer.StartAsync(
            "--webhook-private-networks", "127.0.0.0/8",
            "--transcription-url", _speech.Address.ToString(), "--transcription-key", "k", "--transcription-longest-piece", "3s",
            "--summary-url", _speech.Address.ToString());
        await Server.PostAsync(
            "/webhooks", new { name = "All", url = _receiver.Address.ToString(), events = (await Server.GetAsync("/webhooks/all"))["events"] });

        var meeting = await Server.PostAsync("/meetings", new { title = "Weekly", transcribe_on_end = true, summarize_on_end = true });
        MeetingId = (string)meeting["id"]!;
        var tone = await OpusTone.WriteAsync(_folder, Hertz, 2);
        var path = $"/meetings/{MeetingId}";
        await using var anna = await Server.InitAsync(path, "Anna", change: options => options with { Video = new TestPatternSource() });
        var sound = await OggAudioSource.OpenAsync(tone, repeats: true);
        await using var bob = await Server.InitAsync(path, "Bob", change: options => options with { Audio = sound });
        await anna.JoinAsync();
        await bob.JoinAsync();
        (StayerPeerId, LeaverPeerId) = (anna.Self.Id, bob.Self.Id);
        SessionId = (string)(await Server.GetAsync($"{path}/active-session"))["id"]!;
        await anna.Chat.SendTextMessageAsync("=Grüße, everybody");

        RecordingId = (string)(await Server.PostAsync("/recordings", new { meeting_id = MeetingId }))["id"]!;
        await Server.UntilAsync($"/recordings/{RecordingId}", recording => (string)recording["status"]! == "RECORDING");
        Livestream = await Server.PostAsync($"{path}/livestreams", new { name = "On air" });
        await Server.UntilAsync($"{path}/active-livestream", livestream => (string)livestream["status"]! == "LIVE");
        await Server.UntilAsync($"/sessions/{SessionId}/transcript", _ => true);
        await Task.Delay(TimeSpan.FromSeconds(5)); // So that there is something to keep.
        await bob.LeaveAsync();
        await WaitForAsync("meeting.participantLeft");
        await Server.PostAsync($"{path}/active-session/kick-all");

        foreach (var name in new[] { "meeting.ended", "meeting.chatSynced", "meeting.transcript", "meeting.summary" })
        {
            await WaitForAsync(name);
        }

        await Server.UntilAsync($"/recordings/{RecordingId}", recording => (string)recording["status"]! is "UPLOADED" or "ERRORED");
        await Server.UntilAsync(() => Of("recording.statusUpdate")[^1]["recording"]!["status"]!.GetValue<string>() is "UPLOADED" or "ERRORED", "the end of the recording was told");
        await Server.UntilAsync(() => Of("livestreaming.statusUpdate")[^1]["status"]!.GetValue<string>() == "OFFLINE", "the end of the livestream was told");
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_speech is not null)
        {
            await _speech.DisposeAsync();
        }

        if (_receiver is not null)
        {
            await _receiver.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();

    private Task WaitForAsync(string name) => Server.UntilAsync(() => Of(name).Count > 0, $"{name} came");
}
