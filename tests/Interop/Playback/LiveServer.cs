using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Roomcast.TestKit.Server;

namespace Roomcast.Interop.Playback;

/// <summary>A running server and the livestreams made on it by REST, as its owner would make them.</summary>
internal sealed class LiveServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _api;

    private LiveServer(RoomcastProcess process)
    {
        Process = process;
        _api = process.CreateApiClient();
    }

    public RoomcastProcess Process { get; }

    public static async Task<LiveServer> StartAsync(params string[] arguments) =>
        new(await RoomcastProcess.StartAsync(new RoomcastStart { Arguments = arguments }));

    public static async Task<LiveServer> StartAsync(RoomcastStart how) => new(await RoomcastProcess.StartAsync(how));

    public async Task<LiveTarget> CreateLivestreamAsync(string name = "A test")
    {
        using var answer = await _api.PostAsJsonAsync(new Uri($"{Process.AppPath}/livestreams", UriKind.Relative), new { name });
        return new LiveTarget(await ReadDataAsync(answer));
    }

    /// <summary>The payload of a GET below the app.</summary>
    public async Task<JsonNode> GetAsync(string path)
    {
        using var answer = await _api.GetAsync(new Uri(Process.AppPath + path, UriKind.Relative));
        return await ReadDataAsync(answer);
    }

    /// <summary>The payload of a POST below the app.</summary>
    public async Task<JsonNode> PostAsync(string path, object body)
    {
        using var answer = await _api.PostAsJsonAsync(new Uri(Process.AppPath + path, UriKind.Relative), body);
        return await ReadDataAsync(answer);
    }

    /// <summary>The payload of a DELETE below the app.</summary>
    public async Task<JsonNode> DeleteAsync(string path)
    {
        using var answer = await _api.DeleteAsync(new Uri(Process.AppPath + path, UriKind.Relative));
        return await ReadDataAsync(answer);
    }

    public async Task<string> StatusOfAsync(LiveTarget livestream) =>
        (string)(await GetAsync($"/livestreams/{livestream.Id}"))["livestream"]!["status"]!;

    /// <summary>The newest session of a livestream.</summary>
    public async Task<JsonNode> SessionOfAsync(LiveTarget livestream) =>
        (await GetAsync($"/livestreams/{livestream.Id}"))["sessions"]![0]!;

    public async Task WaitForStatusAsync(LiveTarget livestream, string status)
    {
        var until = TimeProvider.System.GetTimestamp();
        string now;
        while ((now = await StatusOfAsync(livestream)) != status)
        {
            if (TimeProvider.System.GetElapsedTime(until) > Patience)
            {
                throw new TimeoutException($"The livestream is {now} and not {status}. The server's log:\n{Process.Errors}");
            }

            await Task.Delay(100);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await Process.DisposeAsync();
    }

    private static async Task<JsonNode> ReadDataAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode}: {text}");
        return JsonNode.Parse(text)!["data"]!;
    }
}

/// <summary>A livestream as REST told it.</summary>
internal sealed class LiveTarget(JsonNode livestream)
{
    public string Id => (string)livestream["id"]!;

    public string StreamKey => (string)livestream["stream_key"]!;

    /// <summary>The server and the key in one address, as FFmpeg takes it.</summary>
    public Uri IngestUrl => new((string)livestream["ingest_server"]! + StreamKey);

    public Uri TlsIngestUrl => new((string)livestream["ingest_server_tls"]! + StreamKey);

    public Uri PlaybackUrl => new((string)livestream["playback_url"]!);
}
