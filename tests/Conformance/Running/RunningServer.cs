using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Roomcast.Client;
using Roomcast.TestKit.Server;

namespace Roomcast.Conformance.Running;

/// <summary>The built server in a process of its own, called as a customer's back end calls it.</summary>
public sealed class RunningServer : IAsyncDisposable
{
    /// <summary>How long a test waits for what a loaded machine takes its time with.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly HttpClient _http = new();

    private RunningServer(RoomcastProcess process)
    {
        Process = process;
        AppPath = process.AppPath;
        Token = process.Credentials.ApiToken;
    }

    public RoomcastProcess Process { get; }

    /// <summary>In front of the routes of the app that first start made.</summary>
    public string AppPath { get; }

    /// <summary>The account's write token.</summary>
    public string Token { get; }

    /// <summary>In front of the routes of the account.</summary>
    public string AccountPath => AppPath[..AppPath.LastIndexOf('/')];

    public static async Task<RunningServer> StartAsync(params string[] arguments) => await StartAsync(new RoomcastStart { Arguments = arguments });

    public static async Task<RunningServer> StartAsync(RoomcastStart how) => new(await RoomcastProcess.StartAsync(how));

    /// <summary>Calls a route by its whole path.</summary>
    public async Task<PlainReply> CallAsync(HttpMethod method, string path, string? token, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Process.HttpBase, path)) { Content = content };
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using var response = await _http.SendAsync(request);
        return await PlainReply.OfAsync(response);
    }

    /// <summary>Calls a route below the app and expects to succeed; answers the payload.</summary>
    public async Task<JsonNode> AskAsync(HttpMethod method, string path, object? body = null)
    {
        using var content = body is null ? null : new StringContent(System.Text.Json.JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        var reply = await CallAsync(method, Whole(path), Token, content);
        Assert.True(reply.Status is 200 or 201, $"{method} {path} answered {reply}\n{Process.Errors}");
        return reply.Body["data"]!;
    }

    public Task<JsonNode> GetAsync(string path) => AskAsync(HttpMethod.Get, path);

    public Task<JsonNode> PostAsync(string path, object? body = null) => AskAsync(HttpMethod.Post, path, body);

    /// <summary>Asks until the payload is as wanted; what is not found yet is asked for again.</summary>
    public async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> isSo)
    {
        ArgumentNullException.ThrowIfNull(isSo);
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var reply = await CallAsync(HttpMethod.Get, Whole(path), Token);
            if (reply.Status == 200 && isSo(reply.Body["data"]!))
            {
                return reply.Body["data"]!;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"{path} answered {reply}\n{Process.Errors}");
            await Task.Delay(100);
        }
    }

    /// <summary>Reads a file by its address, as anybody does who has it.</summary>
    public async Task<string> DownloadAsync(string address)
    {
        using var http = Process.CreateHttpsClient();
        return await http.GetStringAsync(new Uri(address));
    }

    /// <summary>Adds a participant and initialises their client; nothing is sent unless <paramref name="change"/> says so.</summary>
    public async Task<RealtimeKitClient> InitAsync(
        string meetingPath, string name, string preset = "group_call_host", Func<RealtimeKitOptions, RealtimeKitOptions>? change = null)
    {
        var added = await PostAsync($"{meetingPath}/participants", new { name, custom_participant_id = $"{name}-id", preset_name = preset });
        var options = new RealtimeKitOptions { AuthToken = (string)added["token"]!, BaseUri = Process.HttpBase, RequestTimeout = Patience };
        return await RealtimeKitClient.InitAsync(change?.Invoke(options) ?? options);
    }

    /// <summary>Waits until something is so.</summary>
    public async Task UntilAsync(Func<bool> isSo, string what)
    {
        ArgumentNullException.ThrowIfNull(isSo);
        for (var began = TimeProvider.System.GetTimestamp(); !isSo();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"It did not come to be that {what}.\n{Process.Errors}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Process.DisposeAsync();
    }

    private string Whole(string path) => path.StartsWith("/client/", StringComparison.Ordinal) ? path : AppPath + path;
}

/// <summary>An answer as it came.</summary>
public sealed record PlainReply(int Status, string? ContentType, IReadOnlyDictionary<string, string> Headers, string Text)
{
    /// <summary>The body, which must be a JSON object.</summary>
    public JsonObject Body => JsonNode.Parse(Text)!.AsObject();

    public int Code => (int)Body["errors"]![0]!["code"]!;

    public static async Task<PlainReply> OfAsync(HttpResponseMessage response)
    {
        ArgumentNullException.ThrowIfNull(response);
        var headers = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new PlainReply(
            (int)response.StatusCode, response.Content.Headers.ContentType?.ToString(), headers, await response.Content.ReadAsStringAsync());
    }

    public override string ToString() => $"{Status} {Text}";
}
