using System.Text.Json.Nodes;
using Roomcast.Client.Media;
using Roomcast.Conformance.Running;
using Roomcast.RealtimeKit.Tests.Schemas;
using Roomcast.TestKit;
using Roomcast.TestKit.Speech;

namespace Roomcast.Conformance;

/// <summary>
/// Every method of the unmodified npm package <c>cloudflare</c> against the built server while two peers are in a meeting with sound and
/// picture, and what it left afterwards; each answer is held against our description of the API and against the published one.
/// </summary>
public sealed class LiveSessionTests(LiveSessionTests.Run run) : IClassFixture<LiveSessionTests.Run>
{
    /// <summary>Methods of the client that are not driven, with why. There is none.</summary>
    private static readonly string[] NotDriven = [];

    [Fact]
    public void Every_method_of_the_client_is_driven_to_success()
    {
        Assert.Equal(55, run.Methods.Count);
        var succeeded = run.Answers.Where(answer => answer.Status is 200 or 201).Select(answer => answer.Method).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(NotDriven, run.Methods.Where(method => !succeeded.Contains(method)));
    }

    [Fact]
    public void Every_answer_is_what_our_description_says() =>
        Assert.Empty(FaultsOf(run.Description, answer => answer.Path));

    [Fact]
    public void Every_success_is_what_the_published_description_says() =>
        Assert.Empty(FaultsOf(ApiDescription.Published, answer => answer.Path, answer => answer.Status is 200 or 201));

    private IEnumerable<string> FaultsOf(ApiDescription description, Func<Answer, string> path, Func<Answer, bool>? isMeant = null) =>
        from answer in run.Answers
        where isMeant?.Invoke(answer) != false
        from fault in description.FaultsOf(answer.Http, path(answer), answer.Status, answer.Body)
        select $"{answer.Method}: {fault}";

    /// <summary>What came of one request.</summary>
    internal sealed record Answer(string Method, string Http, string Path, int Status, JsonNode Body);

    /// <summary>One run of the client for all tests.</summary>
    public sealed class Run : IAsyncLifetime
    {
        private const int Hertz = 440;

        internal IReadOnlyList<Answer> Answers { get; private set; } = [];

        internal ApiDescription Description { get; private set; } = null!;

        public IReadOnlyList<string> Methods { get; private set; } = [];

        public async Task InitializeAsync()
        {
            using var folder = new TemporaryFolder();
            await using var speech = await HearingEndpoint.StartAsync();
            await using var server = await RunningServer.StartAsync(
                "--transcription-url", speech.Address.ToString(), "--transcription-longest-piece", "2s", "--summary-url", speech.Address.ToString());
            using (var http = new HttpClient())
            {
                var document = JsonNode.Parse(await http.GetStringAsync(new Uri(server.Process.HttpBase, "/openapi.json")))!;
                Description = new ApiDescription(document.AsObject(), SchemaMode.Closed);
            }

            var meetingId = (string)(await server.PostAsync("/meetings", new { title = "Live", transcribe_on_end = true }))["id"]!;
            var meeting = $"/meetings/{meetingId}";
            var tone = await OpusTone.WriteAsync(folder, Hertz, 2);
            var (one, other) = (await OggAudioSource.OpenAsync(tone, repeats: true), await OggAudioSource.OpenAsync(tone, repeats: true));
            await using var stayer = await server.InitAsync(meeting, "Anna", change: options => options with { Audio = one, Video = new TestPatternSource() });
            await using var leaver = await server.InitAsync(meeting, "Bob", change: options => options with { Audio = other });
            await stayer.JoinAsync();
            await leaver.JoinAsync();
            await stayer.Chat.SendTextMessageAsync("Hello, everybody");

            var credentials = server.AppPath.Split('/');
            var lines = await RealtimeKitClientRun.RunAsync("live.mjs", new JsonObject
            {
                ["origin"] = server.Process.HttpBase.GetLeftPart(UriPartial.Authority),
                ["accountId"] = credentials[^4],
                ["appId"] = credentials[^1],
                ["token"] = server.Token,
                ["meetingId"] = meetingId,
                ["sessionId"] = (string)(await server.GetAsync($"{meeting}/active-session"))["id"]!,
                ["stayer"] = new JsonObject { ["participantId"] = stayer.Self.UserId, ["customId"] = "Anna-id", ["peerId"] = stayer.Self.Id },
                ["leaver"] = new JsonObject { ["participantId"] = leaver.Self.UserId, ["customId"] = "Bob-id", ["peerId"] = leaver.Self.Id },
            });
            Methods = [.. lines[^1]["all"]!.AsArray().Select(name => (string)name!)];
            Answers =
            [
                .. lines.SkipLast(1).Select(line => new Answer(
                    (string)line["method"]!, (string)line["http"]!, (string)line["path"]!, (int)line["status"]!, line["body"]!)),
            ];
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }
}
