using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Output;
using Roomcast.Cli.Rtmp;
using Roomcast.Media.Containers.Flv;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Cli.Commands;

/// <summary><c>roomcast push</c>: a file to an RTMP ingest, as an encoder sends it.</summary>
internal static class PushCommand
{
    private const string FfmpegMissing = "Files other than FLV need FFmpeg, whose program (ffmpeg) is not on this machine. On Debian and Ubuntu: apt-get install ffmpeg.";

    private const int MostComplaint = 2_000;

    private static readonly TimeSpan ShowEvery = TimeSpan.FromSeconds(1);

    private static readonly Argument<FileInfo> File = new Argument<FileInfo>("FILE") { Description = "What to send: FLV as it is, anything else by FFmpeg, where it is installed." }.AcceptExistingOnly();
    private static readonly Option<string?> Key = new("--key")
    {
        Description = "The stream key. Others on this machine may see it in the list of processes: prefer ROOMCAST_STREAM_KEY, --key-file or --livestream.",
        HelpName = "KEY",
    };

    private static readonly Option<string?> KeyFile = new("--key-file") { Description = "A file with the stream key and nothing else.", HelpName = "FILE" };
    private static readonly Option<string?> Livestream = new("--livestream") { Description = "A livestream of the app: address and key are asked for at the API.", HelpName = "ID" };
    private static readonly Option<string?> To = new("--to") { Description = "The ingest's address, rtmp://host[:port]/app or rtmps://…. Default rtmp://HOST OF --url:1935/live.", HelpName = "ADDRESS" };
    private static readonly Option<bool> Loop = new("--loop") { Description = "Send the file again and again." };
    private static readonly Option<bool> Copy = new("--copy") { Description = "Have FFmpeg keep the file's encoding, which must be H.264 and AAC then. Otherwise it encodes anew." };

    public static Command Create() => new Command("push", "Publish a file to a livestream by RTMP, at the file's own pace.") { File, Key, KeyFile, Livestream, To, Loop, Copy }
        .Does(RunAsync).WithExamples(
            "roomcast push film.flv --livestream LIVESTREAM",
            "roomcast push film.mp4 --livestream LIVESTREAM --loop",
            "ROOMCAST_STREAM_KEY=… roomcast push film.flv --to rtmps://ingest.example.com/live");

    private static async Task<ExitCode> RunAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        var target = await FindTargetAsync(parsed, access, ending);
        await using var source = await OpenAsync(parsed, ending);
        await using var uplink = await RtmpUplink.ConnectAsync(target, access.ChainPolicy, ending);
        screen.Note($"publishing to {target}");
        var push = new PushRun(uplink, screen);
        try
        {
            do
            {
                await push.SendAsync(source.Restart(), ending);
            }
            while (parsed.GetValue(Loop) && source.CanRestart && !ending.IsCancellationRequested);

            await source.CheckAsync();
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Told to end: that is how a loop ends.
        }

        await uplink.UnpublishAsync(CancellationToken.None);
        push.Show();
        return ending.IsCancellationRequested && !parsed.GetValue(Loop) ? ExitCode.Interrupted : ExitCode.Done;
    }

    private static async Task<RtmpTarget> FindTargetAsync(ParseResult parsed, ServerAccess access, CancellationToken ending)
    {
        var address = parsed.GetValue(To);
        var key = access.Secret(Key, KeyFile, "ROOMCAST_STREAM_KEY");
        if (parsed.GetValue(Livestream) is { Length: > 0 } id)
        {
            using var api = access.CreateApi();
            var livestream = (await api.Livestreams.GetAsync(id, ending)).Livestream;
            address ??= livestream.IngestServer;
            key ??= livestream.StreamKey ?? throw new CliException(ExitCode.NotAllowed, "The server told no stream key: the API token may only read.");
        }

        address ??= $"rtmp://{access.BaseUri.Host}:1935/live";
        if (key is null && !RtmpTarget.TryParse(address, out _))
        {
            throw new CliException(ExitCode.Usage, "Tell the stream key: by --livestream ID, by --key-file, by ROOMCAST_STREAM_KEY, or by --key.");
        }

        return (key is null ? RtmpTarget.TryParse(address, out var target) : RtmpTarget.TryParse(address, key, out target))
            ? target!
            : throw new CliException(ExitCode.Usage, "The ingest's address is to be like rtmp://host:1935/live or rtmps://host/live.");
    }

    private static async Task<PushSource> OpenAsync(ParseResult parsed, CancellationToken ending)
    {
        var path = parsed.GetRequiredValue(File).FullName;
        var start = new byte[3];
        var file = System.IO.File.OpenRead(path);
        var length = await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, ending);
        if (length == start.Length && start.AsSpan().SequenceEqual("FLV"u8))
        {
            return new PushSource(file, null);
        }

        await file.DisposeAsync();
        var process = new Process { StartInfo = new ProcessStartInfo("ffmpeg") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false } };
        string[] loop = parsed.GetValue(Loop) ? ["-stream_loop", "-1"] : [];
        string[] encoding = parsed.GetValue(Copy)
            ? ["-c", "copy"]
            : ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-b:v", "2500k", "-maxrate", "2500k", "-bufsize", "2500k",
                "-force_key_frames", "expr:gte(t,n_forced*2)", "-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2"];
        string[] arguments = ["-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "file,pipe", .. loop, "-i", path, .. encoding, "-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1"];
        foreach (var argument in arguments)
        {
            process.StartInfo.ArgumentList.Add(argument);
        }

        try
        {
            process.Start();
        }
        catch (Win32Exception missing)
        {
            process.Dispose();
            throw new CliException(ExitCode.MissingTool, FfmpegMissing, missing);
        }

        return new PushSource(process.StandardOutput.BaseStream, process);
    }

    /// <summary>What is sent: a file of FLV, or what FFmpeg makes of another.</summary>
    private sealed class PushSource(Stream stream, Process? ffmpeg) : IAsyncDisposable
    {
        private readonly Task<string> _complaint = ffmpeg is null ? Task.FromResult("") : ReadStartAsync(ffmpeg.StandardError);

        // All of it is read, lest FFmpeg waits; it may complain for as long as it runs.
        private static async Task<string> ReadStartAsync(StreamReader errors)
        {
            var (kept, spare) = (new System.Text.StringBuilder(), new char[512]);
            while (await errors.ReadAsync(spare) is > 0 and var count)
            {
                kept.Append(spare, 0, Math.Min(count, MostComplaint - kept.Length));
            }

            return kept.ToString();
        }

        /// <summary>FFmpeg loops by itself.</summary>
        public bool CanRestart => ffmpeg is null;

        public Stream Restart()
        {
            if (CanRestart)
            {
                stream.Position = 0;
            }

            return stream;
        }

        /// <summary>Throws when FFmpeg could not read the file.</summary>
        public async Task CheckAsync()
        {
            if (ffmpeg is null)
            {
                return;
            }

            await ffmpeg.WaitForExitAsync();
            if (ffmpeg.ExitCode != 0)
            {
                throw new CliException(ExitCode.Media, $"FFmpeg cannot read the file: {Text.Plain(await _complaint, 500)}");
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (ffmpeg is null)
            {
                await stream.DisposeAsync();
                return;
            }

            if (!ffmpeg.HasExited)
            {
                ffmpeg.Kill();
            }

            await ffmpeg.WaitForExitAsync();
            await _complaint;
            ffmpeg.Dispose();
        }
    }

    /// <summary>Sends tags at their own pace; a file that is sent again goes on in time.</summary>
    private sealed class PushRun(RtmpUplink uplink, Screen screen)
    {
        private readonly TimeProvider _time = TimeProvider.System;
        private readonly long _begun = TimeProvider.System.GetTimestamp();
        private readonly LiveTable _table = new(screen, "SENT", "BYTES", "RATE", "PICTURES", "SOUNDS", "LATE");
        private long _sentMs;
        private long _seamMs;
        private long _pictures;
        private long _sounds;
        private long _lateMs;
        private TimeSpan _shownAt;

        public async Task SendAsync(Stream file, CancellationToken ending)
        {
            uint? first = null;
            var shift = _sentMs + _seamMs;
            await foreach (var tag in FlvTags.ReadAsync(file, ending))
            {
                if (tag.Type is FlvTagType.Script)
                {
                    await TakeMetadataAsync(tag.Body, ending);
                    continue;
                }

                first ??= tag.TimestampMs;
                var dueMs = shift + Math.Max(0, unchecked((int)(tag.TimestampMs - first.Value)));
                await PaceAsync(dueMs, ending);
                var isPicture = tag.Type is FlvTagType.Video;
                await uplink.SendAsync(engine => engine.SendMedia(isPicture ? RtmpMediaKind.Video : RtmpMediaKind.Audio, unchecked((uint)dueMs), tag.Body), ending);
                _pictures += isPicture ? 1 : 0;
                _sounds += isPicture ? 0 : 1;
                _seamMs = dueMs > _sentMs ? Math.Min(dueMs - _sentMs, 100) : _seamMs;
                _sentMs = Math.Max(_sentMs, dueMs);
            }
        }

        public void Show()
        {
            var sent = TimeSpan.FromMilliseconds(_sentMs);
            var rate = _sentMs > 0 ? uplink.BytesSent * 8_000.0 / _sentMs : 0;
            string[] row = [Text.Of(sent), Text.Bytes(uplink.BytesSent), Text.Rate(rate), $"{_pictures}", $"{_sounds}", string.Create(CultureInfo.InvariantCulture, $"{_lateMs} ms")];
            _table.Show(
                [row],
                new JsonObject
                {
                    ["sent_seconds"] = _sentMs / 1000.0, ["bytes"] = uplink.BytesSent, ["bitrate_bps"] = Math.Round(rate),
                    ["pictures"] = _pictures, ["sounds"] = _sounds, ["late_ms"] = _lateMs,
                },
                $"sent {row[0]}, {row[1]}, {row[2]}, {row[3]} pictures, {row[4]} sounds, {row[5]} late");
        }

        private async Task PaceAsync(long dueMs, CancellationToken ending)
        {
            var now = _time.GetElapsedTime(_begun);
            var wait = TimeSpan.FromMilliseconds(dueMs) - now;
            if (wait > TimeSpan.FromMilliseconds(2))
            {
                await Task.Delay(wait, _time, ending);
            }

            _lateMs = Math.Max(0, (long)-wait.TotalMilliseconds);
            if (now - _shownAt >= ShowEvery)
            {
                _shownAt = now;
                Show();
            }
        }

        private async Task TakeMetadataAsync(byte[] body, CancellationToken ending)
        {
            // AMF0: a string of ten bytes.
            if (body.AsSpan().StartsWith("\u0002\0\u000AonMetaData"u8))
            {
                await uplink.SendAsync(engine => engine.SendMetadata(body), ending);
            }
        }
    }
}
