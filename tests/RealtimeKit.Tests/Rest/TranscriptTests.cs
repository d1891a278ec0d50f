using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Tests.Hosting;
using Roomcast.Storage.Blobs;
using Roomcast.Transcripts;
using Roomcast.Transcripts.Records;
using Roomcast.Transcripts.Services;

namespace Roomcast.RealtimeKit.Tests.Rest;

public sealed class TranscriptTests : IAsyncLifetime
{
    private readonly FakeSummariser _summariser = new();
    private ApiHost _host = null!;

    private TestAccount Account => _host.One;

    private string Services => $"{Account.AppPath}/ai-services";

    public async Task InitializeAsync() =>
        _host = await ApiHost.StartAsync(replace: services => services.AddSingleton<ISummariser>(_summariser));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_transcript_is_downloaded_in_every_form()
    {
        var (session, path) = await WriteAsync();
        var expected = new Dictionary<string, string[]>
        {
            [""] = ["1500,", ",alice,Alice,'=Hello\r\n", ",bob,Bob,\"Two, <b>words\"\r\n"],
            ["csv"] = ["1500,"],
            ["JSON"] = ["\"startTime\":1500,\"endTime\":2500", "\"sentence\":\"=Hello\"", "\"joinedAt\":\"2", "\"cpi\":\"bob\""],
            ["SRT"] = ["1\n00:00:01,500 --> 00:00:02,500\nAlice: =Hello\n\n2\n"],
            ["VTT"] = ["WEBVTT\n\n00:00:01.500 --> 00:00:02.500\nAlice: =Hello\n\n", "Bob: Two, &lt;b&gt;words\n"],
        };
        foreach (var (format, parts) in expected)
        {
            var reply = await _host.Client.GetAsync($"{path}/transcript{(format.Length > 0 ? $"?format={format}" : "")}", Account.ReadToken);
            Assert.Equal((200, session.ToString()), (reply.Status, (string?)reply.Data["sessionId"]));
            var text = await ReadAsync((string)reply.Data["transcript_download_url"]!);
            Assert.All(parts, part => Assert.Contains(part, text, StringComparison.Ordinal));
        }

        Assert.Equal(400, (await _host.Client.GetAsync($"{path}/transcript?format=DOC", Account.ReadToken)).Status);
    }

    [Fact]
    public async Task A_file_whose_time_is_over_is_not_made_though_nobody_has_swept_yet()
    {
        var session = await BeginAsync();
        var files = _host.Service<SessionFiles>();
        Task<SessionFile?> MakeAsync(TimeSpan left) => files.MakeAsync(
            session.Session.Id, "TEST", "test.txt", "text/plain", _host.Clock.GetUtcNow() + left, async output => await output.WriteAsync("x"u8.ToArray()), CancellationToken.None);
        Assert.NotNull(await MakeAsync(TimeSpan.FromMinutes(1)));
        Assert.Null(await MakeAsync(TimeSpan.Zero));
        Assert.Null(await MakeAsync(-TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("""{"transcription":{"url":"https://a.example.org/v1","model":"m","\ud800xxxx":1}}""")]
    [InlineData("""{"transcription":null,"\ud800xxxxxxxxx":1}""")]
    public async Task A_name_that_is_half_a_character_is_refused_and_changes_nothing(string body)
    {
        await _host.Client.PatchAsync(Services, Account.WriteToken, """{"transcription":{"url":"https://b.example.org/v1","model":"m"}}""");
        Assert.Equal(400, (await _host.Client.PatchAsync(Services, Account.WriteToken, body)).Status);
        var kept = await _host.Client.GetAsync(Services, Account.ReadToken);
        Assert.Contains("b.example.org", kept.Body.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nothing_is_configured_the_routes_say_so_and_nothing_pretends()
    {
        var session = await BeginAsync();
        var path = $"{Account.AppPath}/sessions/{session.Session.Id}";
        Assert.Equal((404, 40401), Codes(await _host.Client.GetAsync($"{path}/transcript", Account.ReadToken)));
        Assert.Equal((404, 40401), Codes(await _host.Client.GetAsync($"{path}/summary", Account.ReadToken)));
        Assert.Equal((409, 40902), Codes(await _host.Client.PostAsync($"{path}/summary", Account.WriteToken)));

        var (_, written) = await WriteAsync();
        var refused = await _host.Client.PostAsync($"{written}/summary", Account.WriteToken);
        Assert.Equal((409, 40902), Codes(refused));
        Assert.Contains("no summary service", refused.Body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal((404, 40401), Codes(await _host.Client.GetAsync($"{written}/summary", Account.ReadToken)));
    }

    [Fact]
    public async Task Why_a_transcript_is_not_there_is_told_to_the_owner()
    {
        const string Fault = "The service answered with the status 401.";
        var (session, _) = await BeginAsync();
        var path = $"{Account.AppPath}/sessions/{session.Id}";
        Assert.Equal("transcript not found: no transcription service is configured", await MessageAsync($"{path}/transcript"));
        Assert.Equal("summary not found: no transcription service is configured", await MessageAsync($"{path}/summary"));
        Assert.Equal("the session has no finished transcript: no transcription service is configured", await AskedMessageAsync(path));

        await ChooseAsync("""{"transcription":{"url":"https://ai.example.org/v1","model":"m"}}""");
        Assert.Equal("transcript not found", await MessageAsync($"{path}/transcript"));
        Assert.Equal("the session has no finished transcript", await AskedMessageAsync(path));

        // While the session lasts, and when it is over.
        var store = _host.Service<TranscriptStore>();
        await store.OpenAsync(session.Id, CancellationToken.None);
        Assert.Equal("transcript not found", await MessageAsync($"{path}/transcript"));
        await store.NoteErrorAsync(session.Id, Fault, CancellationToken.None);
        for (var isOver = false; ; isOver = true)
        {
            Assert.Equal($"transcript not found: {Fault}", await MessageAsync($"{path}/transcript"));
            Assert.Equal($"summary not found: {Fault}", await MessageAsync($"{path}/summary"));
            Assert.Equal($"the session has no finished transcript: {Fault}", await AskedMessageAsync(path));
            if (isOver)
            {
                break;
            }

            await store.FinishAsync(session.Id, null, _host.Clock.GetUtcNow().AddDays(7), canSummarize: true, CancellationToken.None);
        }

        // Of one whose time is over nothing is known any more.
        _host.Clock.Advance(TimeSpan.FromDays(7));
        Assert.Equal("transcript not found", await MessageAsync($"{path}/transcript"));
        Assert.Equal("the session has no finished transcript", await AskedMessageAsync(path));
    }

    [Fact]
    public async Task Why_a_summary_is_not_there_is_told_to_the_owner()
    {
        const string Fault = "The service answered with an empty summary.";
        var (session, path) = await WriteAsync();
        Assert.Equal("summary not found: no summary service is configured", await MessageAsync($"{path}/summary"));
        await ChooseAsync("""{"summarization":{"url":"https://ai.example.org/v1","model":"m","api_key":"sk-secret"}}""");
        Assert.Equal("summary not found", await MessageAsync($"{path}/summary"));
        await _host.Service<TranscriptStore>().SaveSummaryAsync(
            new Summary(session, SummaryStatus.Failed, null, IsMarkdown: true, Fault), CancellationToken.None);
        Assert.Equal($"summary not found: {Fault}", await MessageAsync($"{path}/summary"));
    }

    [Theory]
    [InlineData("http://localhost:8000/v1")]
    [InlineData("http://127.0.0.1:8000/v1")]
    [InlineData("https://10.1.2.3/v1")]
    [InlineData("https://169.254.169.254/v1")]
    [InlineData("https://[::1]/v1")]
    [InlineData("https://[::ffff:10.0.0.1]/v1")]
    [InlineData("http://2130706433/v1")]
    public async Task An_address_of_a_private_network_is_refused_unless_the_server_allows_them(string address)
    {
        foreach (var field in new[] { "transcription", "summarization" })
        {
            var body = $$$"""{"{{{field}}}":{"url":"{{{address}}}","model":"m"}}""";
            var refused = await _host.Client.PatchAsync(Services, Account.WriteToken, body);
            Assert.Equal(400, refused.Status);
            Assert.Equal([$"/{field}/url"], refused.Sources);
        }

        await using var open = await ApiHost.StartAsync(
            replace: services => services.Configure<TranscriptOptions>(transcripts => transcripts.AllowsPrivateTargets = true));
        var chosen = await open.Client.PatchAsync(
            $"{open.One.AppPath}/ai-services", open.One.WriteToken, $$$"""{"transcription":{"url":"{{{address}}}","model":"m"}}""");
        Assert.Equal(200, chosen.Status);
    }

    [Theory]
    [InlineData("https://anna:secret@ai.example.org/v1", false)]
    [InlineData("https://anna@ai.example.org/v1", false)]
    [InlineData("https://ai.example.org/v1#models", false)]
    [InlineData("https://ai.example.org/v1?api-version=2024-06-01", true)]
    [InlineData("https://8.8.8.8/v1", true)]
    public async Task An_address_that_cannot_be_used_as_it_stands_is_refused(string address, bool isGood)
    {
        var reply = await _host.Client.PatchAsync(Services, Account.WriteToken, $$$"""{"summarization":{"url":"{{{address}}}","model":"m"}}""");
        Assert.Equal(isGood ? 200 : 400, reply.Status);
        if (isGood)
        {
            Assert.Equal(address, (string?)reply.Data["summarization"]!["url"]);
        }
        else
        {
            Assert.Equal(["/summarization/url"], reply.Sources);
            Assert.DoesNotContain("secret", reply.Body.ToJsonString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_summary_is_made_by_the_service_of_the_app_whose_key_is_told_to_nobody()
    {
        var (_, path) = await WriteAsync();
        var chosen = await _host.Client.PatchAsync(
            Services, Account.WriteToken, """{"summarization":{"url":"https://ai.example.org/v1","model":"m","api_key":"sk-secret"}}""");
        Assert.Equal(200, chosen.Status);
        Assert.DoesNotContain("sk-secret", chosen.Body.ToJsonString(), StringComparison.Ordinal);
        Assert.True((bool)chosen.Data["summarization"]!["has_api_key"]!);

        var asked = await _host.Client.PostAsync($"{path}/summary", Account.WriteToken);
        Assert.Equal((200, "QUEUED"), (asked.Status, (string?)asked.Data["status"]));
        for (var tries = 0; ; tries++)
        {
            Assert.True(tries < 2_000, "The summary was not made.");
            var reply = await _host.Client.GetAsync($"{path}/summary", Account.ReadToken);
            if (reply.Status == 200)
            {
                Assert.Equal("The summary", await ReadAsync((string)reply.Data["summaryDownloadUrl"]!));
                break;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }

        Assert.Equal("COMPLETED", (string?)(await _host.Client.PostAsync($"{path}/summary", Account.WriteToken)).Data["status"]);
        var (service, transcript) = Assert.Single(_summariser.Asked);
        Assert.Equal(("https://ai.example.org/v1", "m", "sk-secret"), (service.Address.AbsoluteUri, service.Model, service.ApiKey));
        Assert.Equal("Alice: =Hello\nBob: Two, <b>words\n", transcript);
    }

    [Fact]
    public async Task A_key_stays_with_its_address_and_goes_with_another()
    {
        async Task<AiService?> OwnAsync() => await _host.Service<AiServices>().FindOwnAsync(
            Account.First.Id, AiServiceKind.Transcription, CancellationToken.None);
        await _host.Client.PatchAsync(Services, Account.WriteToken, """{"transcription":{"url":"https://a.example.org/v1","model":"m","api_key":"k"}}""");
        await _host.Client.PatchAsync(Services, Account.WriteToken, """{"transcription":{"url":"https://a.example.org/v1","model":"n"}}""");
        Assert.Equal(("n", "k"), ((await OwnAsync())!.Model, (await OwnAsync())!.ApiKey));
        await _host.Client.PatchAsync(Services, Account.WriteToken, """{"transcription":{"url":"https://b.example.org/v1","model":"n"}}""");
        Assert.Null((await OwnAsync())!.ApiKey);
        var gone = await _host.Client.PatchAsync(Services, Account.WriteToken, """{"transcription":null}""");
        Assert.Null(gone.Data["transcription"]);

        var wrong = await _host.Client.PatchAsync(
            Services, Account.WriteToken, """{"transcription":{"url":"ftp://x","model":"","api_key":""},"summarization":7}""");
        Assert.Equal(
            ["/summarization", "/transcription/api_key", "/transcription/model", "/transcription/url"], wrong.Sources.Order(StringComparer.Ordinal));
        Assert.Equal(403, (await _host.Client.PatchAsync(Services, Account.ReadToken, "{}")).Status);
    }

    [Fact]
    public async Task A_transcript_that_an_earlier_run_left_open_ends_with_its_session_when_nobody_listens_to_it()
    {
        var (session, lines) = await BeginAsync();
        var store = _host.Service<TranscriptStore>();
        await store.OpenAsync(session.Id, CancellationToken.None);
        await store.AddAsync(session.Id, lines[0], CancellationToken.None);
        await _host.Service<SessionRecordStore>().EndAsync(
            session.Id, _host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, CancellationToken.None);
        Assert.Equal(TranscriptStatus.Ready, (await store.FindAsync(session.Id, CancellationToken.None))!.Status);
    }

    private static (int Status, int Code) Codes(Reply reply) => (reply.Status, reply.Code);

    private static string? MessageOf(Reply reply) => (string?)reply.Body["errors"]![0]!["message"];

    private async Task<string?> MessageAsync(string path)
    {
        var reply = await _host.Client.GetAsync(path, Account.ReadToken);
        Assert.Equal((404, 40401), Codes(reply));
        return MessageOf(reply);
    }

    private async Task<string?> AskedMessageAsync(string path)
    {
        var reply = await _host.Client.PostAsync($"{path}/summary", Account.WriteToken);
        Assert.Equal((409, 40902), Codes(reply));
        return MessageOf(reply);
    }

    private async Task ChooseAsync(string body) => Assert.Equal(200, (await _host.Client.PatchAsync(Services, Account.WriteToken, body)).Status);

    private async Task<string> ReadAsync(string address)
    {
        var uri = new Uri(address);
        var name = BlobName.Read(uri.Segments[^2].TrimEnd('/'), uri.Segments[^1])!.Value;
        return await File.ReadAllTextAsync(Path.Combine(_host.Service<IOptions<BlobOptions>>().Value.Folder, name.ToString()));
    }

    private async Task<(SessionRecord Session, TranscriptLine[] Lines)> BeginAsync()
    {
        var meeting = await _host.NewMeetingAsync(Account.First);
        var records = _host.Service<SessionRecordStore>();
        var session = await records.BeginAsync(meeting, _host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        var lines = new List<TranscriptLine>();
        foreach (var (name, text) in new[] { ("Alice", "=Hello"), ("Bob", "Two, <b>words") })
        {
#pragma warning disable CA1308 // The customer's own names are in lower case here.
            var participant = await _host.NewParticipantAsync(meeting, name.ToLowerInvariant());
#pragma warning restore CA1308
            var peer = new PeerId(Guid.NewGuid());
            await records.JoinAsync(
                session.Id,
                new JoiningPeer(peer, participant.Id, participant.CustomId, name, participant.PresetName, ViewType.GroupCall),
                _host.Clock.GetUtcNow(),
                CancellationToken.None);
            var at = session.StartedAt.AddSeconds(1.5 + (10 * lines.Count));
            lines.Add(new TranscriptLine(peer, participant.Id, participant.CustomId, name, at, at.AddSeconds(1), text));
        }

        return (session, [.. lines]);
    }

    private async Task<(SessionId Session, string Path)> WriteAsync()
    {
        var (session, lines) = await BeginAsync();
        var store = _host.Service<TranscriptStore>();
        await store.OpenAsync(session.Id, CancellationToken.None);
        foreach (var line in lines.Reverse())
        {
            await store.AddAsync(session.Id, line, CancellationToken.None);
        }

        await store.FinishAsync(session.Id, null, _host.Clock.GetUtcNow().AddDays(7), canSummarize: false, CancellationToken.None);
        return (session.Id, $"{Account.AppPath}/sessions/{session.Id}");
    }

    private sealed class FakeSummariser : ISummariser
    {
        public ConcurrentQueue<(AiService Service, string Transcript)> Asked { get; } = new();

        public Task<string> SummariseAsync(AiService service, string transcript, SummaryWish wish, CancellationToken cancellationToken)
        {
            Asked.Enqueue((service, transcript));
            return Task.FromResult("The summary");
        }
    }
}
