using System.Diagnostics;
using System.Text.Json;
using Roomcast.Interop.Browser;
using Roomcast.Interop.Push;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// One meeting, one composition, four ways out: the livestream, started by the client as a host does, two pushes to servers that
/// others wrote, and the recording. Everything is copied while it runs, and decoded afterwards.
/// </summary>
internal sealed class LiveOutputs : IAsyncDisposable
{
    private readonly MeetingServer _server;
    private readonly BrowserPage _host;
    private readonly string _meeting;
    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-test-").FullName;
    private readonly List<IAsyncDisposable> _running = [];
    private RecordingSink _nginx = null!;
    private RecordingSink _node = null!;
    private StreamCopy _livestream = null!;

    private LiveOutputs(MeetingServer server, string meeting, BrowserPage host) => (_server, _meeting, _host) = (server, meeting, host);

    /// <summary>What a player of nginx gets, as it comes.</summary>
    public StampedSink Sink { get; private set; } = null!;

    /// <summary>Where the livestream is played.</summary>
    public string PlaybackUrl { get; private set; } = "";

    /// <summary>Starts all of them.</summary>
    /// <param name="server">The server.</param>
    /// <param name="meeting">The meeting.</param>
    /// <param name="host">A page in it that may livestream and record.</param>
    public static async Task<LiveOutputs> StartAsync(MeetingServer server, string meeting, BrowserPage host)
    {
        var outputs = new LiveOutputs(server, meeting, host);
        try
        {
            await outputs.StartAsync();
            return outputs;
        }
        catch
        {
            await outputs.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the recording and the livestream as a host does, and reads what each way gave, by its name.</summary>
    public async Task<IReadOnlyDictionary<string, StampedReading>> FinishAsync()
    {
        await Sink.EndAsync();
        await _host.RunAsync("meeting.recording.stop()");
        var recording = await RecordedAsync();
        await _host.RunAsync("meeting.livestream.stop()");
        await _host.WaitAsync("meeting.livestream.state === 'IDLE'", MeetTab.Patience);
        await _livestream.WaitForEndAsync();
        await _host.CloseAsync(); // What follows needs the processors, and nobody in the meeting.
        return new Dictionary<string, StampedReading>
        {
            ["livestream"] = await StampedReading.OfAsync(_livestream.File),
            ["nginx"] = await StampedReading.OfAsync((await _nginx.RecordingsAsync(1))[0]),
            ["node-media-server"] = await StampedReading.OfAsync((await _node.RecordingsAsync(1))[0]),
            ["recording"] = await StampedReading.OfAsync(recording),
        };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var running in Enumerable.Reverse(_running))
        {
            await running.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync()
    {
        _running.Add(_nginx = await RecordingSink.StartNginxAsync());
        _running.Add(_node = await RecordingSink.StartNodeMediaServerAsync());
        await _host.RunAsync("meeting.livestream.start()");
        await _host.WaitAsync("meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl", MeetTab.Patience);
        PlaybackUrl = await _host.EvaluateAsync<string>("meeting.livestream.playbackUrl");
        var id = (await _server.GetAsync($"/meetings/{_meeting}/active-livestream")).GetProperty("id").GetString()!;
        _running.Add(_livestream = new StreamCopy(PlaybackUrl, Path.Combine(_folder, "livestream.mkv")));
        await PushAsync(id, _nginx, "nginx-key");
        await PushAsync(id, _node, "node-key");
        await _host.RunAsync("meeting.recording.start()");
        await _host.WaitAsync("meeting.recording.recordingState === 'RECORDING'", MeetTab.Patience);
        _running.Add(Sink = new StampedSink($"{_nginx.Address}/nginx-key", Path.Combine(_folder, "sink.flv")));
    }

    private async Task PushAsync(string livestream, RecordingSink sink, string key)
    {
        var made = await _server.PostAsync($"/livestreams/{livestream}/outputs", new { url = sink.Address, stream_key = key });
        await UntilAsync($"/livestreams/{livestream}/outputs/{made.GetProperty("id").GetString()}", "state", "publishing");
    }

    private async Task<string> RecordedAsync()
    {
        var id = (await _server.GetAsync($"/recordings?meeting_id={_meeting}"))[0].GetProperty("id").GetString();
        var recording = await UntilAsync($"/recordings/{id}", "status", "UPLOADED");
        var path = Path.Combine(_folder, "recording.mp4");
        using var http = _server.Server.CreateHttpsClient();
        await File.WriteAllBytesAsync(path, await http.GetByteArrayAsync(new Uri(recording.GetProperty("download_url").GetString()!)));
        return path;
    }

    private async Task<JsonElement> UntilAsync(string address, string field, string value)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = await _server.GetAsync(address);
            if (now.GetProperty(field).GetString() == value)
            {
                return now;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"{now}\n{_server.Server.Errors}");
            await Task.Delay(200);
        }
    }

    /// <summary>FFmpeg, which writes what it is served to a file as it is.</summary>
    private sealed class StreamCopy(string from, string to) : IAsyncDisposable
    {
        private readonly Process _ffmpeg =
            Process.Start("ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", from, "-map", "0:v", "-map", "0:a", "-c", "copy", to]);

        public string File => to;

        public async Task WaitForEndAsync()
        {
            using var patience = new CancellationTokenSource(MeetTab.Patience);
            await _ffmpeg.WaitForExitAsync(patience.Token);
        }

        public async ValueTask DisposeAsync()
        {
            if (!_ffmpeg.HasExited)
            {
                _ffmpeg.Kill();
            }

            await _ffmpeg.WaitForExitAsync();
            _ffmpeg.Dispose();
        }
    }
}
