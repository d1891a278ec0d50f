using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.TestKit;
using Roomcast.TestKit.Hls;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>Recordings that are encoded anew once they have ended, and what goes wrong with that.</summary>
public sealed class ConvertedRecordingTests(EncodedMinute encoded) : IClassFixture<EncodedMinute>, IDisposable
{
    private static readonly RecordingPlan Film = new() { VideoCodec = RecordingVideoCodec.Vp9 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(RecordingVideoCodec.Vp8, RecordingAudioCodec.Aac, false, "vp8;vorbis", "aac")]
    [InlineData(RecordingVideoCodec.Vp9, RecordingAudioCodec.Aac, true, "vp9;vorbis", "aac")]
    [InlineData(RecordingVideoCodec.H264, RecordingAudioCodec.Mp3, false, "h264;aac", "mp3")]
    [InlineData(RecordingVideoCodec.H264, RecordingAudioCodec.Aac, true, "h264;aac", "aac")]
    public async Task It_is_delivered_as_it_was_asked_for(
        RecordingVideoCodec video, RecordingAudioCodec audio, bool isMono, string mediaCodecs, string audioCodec)
    {
        await using var host = await RecordingHost.StartAsync(_folder.Path);
        var asked = await RecordAsync(host, new RecordingPlan { VideoCodec = video, AudioCodec = audio, IsMono = isMono, ExportsAudio = true });
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded, RecordingStatus.Errored);
        Assert.Equal((RecordingStatus.Uploaded, null), (done.Status, done.ErrorMessage));
        Assert.EndsWith(video is RecordingVideoCodec.H264 ? ".mp4" : ".webm", done.OutputFileName, StringComparison.Ordinal);
        Assert.Equal(done.OutputFileName, done.MediaFile);
        Assert.EndsWith(audio is RecordingAudioCodec.Mp3 ? ".mp3" : ".m4a", done.AudioFile, StringComparison.Ordinal);
        var media = await host.DownloadAsync(done, done.MediaFile);
        Assert.Equal(done.FileSize, media.Length);
        var (mediaTold, soundTold) = (await ProbeAsync(media), await ProbeAsync(await host.DownloadAsync(done, done.AudioFile)));
        Assert.Equal(mediaCodecs, string.Join(';', mediaTold.Select(line => line.Split(',')[0])));
        Assert.Equal(audioCodec, Assert.Single(soundTold).Split(',')[0]);

        Assert.Equal(isMono ? "1" : "2", mediaTold[1].Split(',')[1]);
        Assert.Equal(isMono ? "1" : "2", soundTold[0].Split(',')[1]);
        Assert.InRange(done.Duration.TotalSeconds, 2.5, 3.5);
        await RecordingHost.UntilAsync(
            () => !Directory.Exists(Path.Combine(_folder.PathOf("recordings"), done.Id.ToString())), "what lay on the disk is deleted");
    }

    [Fact]
    public async Task A_converter_that_crashes_is_told_and_what_was_recorded_is_delivered_as_it_was_composed()
    {
        await using var host = await StartHostAsync("echo half > \"$5\"; echo it broke >&2; kill -SEGV $$");
        Assert.DoesNotContain("it broke", await ExpectComposedAsync(host, "ended with code 139"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_what_a_converter_says_at_its_failure_the_owner_of_the_recording_learns_the_first_line()
    {
        await using var host = await StartHostAsync("printf 'It is of another world.\\n  at /srv/data/a.webm\\n' >&2; exit 1");
        var told = await ExpectComposedAsync(host, "It is of another world.");
        Assert.DoesNotContain("/srv", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_converter_that_comes_no_further_is_ended()
    {
        await using var host = await StartHostAsync("while true; do echo at 1; sleep 0.1; done", TimeSpan.FromSeconds(1));
        await ExpectComposedAsync(host, "came no further");
    }

    [Fact]
    public async Task A_converter_that_finds_no_room_is_told_as_a_full_disk()
    {
        await using var host = await StartHostAsync("exit 4");
        await ExpectComposedAsync(host, "The disk of the server is full");
    }

    [Fact]
    public async Task What_cannot_be_encoded_here_is_not_begun()
    {
        var script = await ScriptAsync("echo 'The installed libavcodec has no libvpx-vp9.' >&2; exit 3");
        await using var host = await RecordingHost.StartAsync(
            _folder.Path, more: services => services.Configure<CompositionOptions>(options => options.WorkerPath = script));
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        var answer = await host.Recordings.StartAsync(host.Wish(meeting, Film), CancellationToken.None);
        Assert.Equal((RecordingRefusal.Unavailable, "The installed libavcodec has no libvpx-vp9."), (answer.Refusal, answer.Message));
        Assert.Equal(0, host.Compositions.LeaseCount);
        Assert.Null((await host.Recordings.StartAsync(host.Wish(meeting), CancellationToken.None)).Message);
    }

    [Fact]
    public async Task One_is_encoded_after_the_other()
    {
        var place = _folder.PathOf("busy");
        await using var host = await StartHostAsync($"mkdir {place} || {{ echo together >&2; exit 1; }}; sleep 0.5; rmdir {place}; echo alone >&2; exit 1");
        var asked = new[] { await RecordAsync(host, Film), await RecordAsync(host, Film), await RecordAsync(host, Film) };
        await Task.WhenAll(asked.Select(one => host.Recordings.StopAsync(one.AppId, one.Id, null, CancellationToken.None)));
        foreach (var one in asked)
        {
            Assert.Contains("alone", (await host.WaitForAsync(one, RecordingStatus.Errored)).ErrorMessage, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_that_stops_ends_its_converter_and_the_next_one_converts_again()
    {
        var note = _folder.PathOf("process");
        RecordingRecord asked;
        await using (var host = await StartHostAsync($"echo half > \"$5\"; echo $$ > {note}.new; mv {note}.new {note}; exec sleep 1000"))
        {
            asked = await RecordAsync(host, Film);
            await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
            await RecordingHost.UntilAsync(() => File.Exists(note), "it is converted");
        }

        Assert.False(Directory.Exists($"/proc/{(await File.ReadAllTextAsync(note)).Trim()}"));
        await using var next = await RecordingHost.StartAsync(_folder.Path);
        var left = (await next.Recordings.FindAsync(asked.AppId, asked.Id, CancellationToken.None))!;
        var done = await next.WaitForAsync(left, RecordingStatus.Uploaded, RecordingStatus.Errored);
        Assert.Equal((RecordingStatus.Uploaded, null), (done.Status, done.ErrorMessage));
        Assert.StartsWith("vp9", (await ProbeAsync(await next.DownloadAsync(done, done.MediaFile)))[0], StringComparison.Ordinal);
    }

    /// <returns>What the owner is told.</returns>
    private async Task<string> ExpectComposedAsync(RecordingHost host, string reason)
    {
        var asked = await RecordAsync(host, Film);
        Assert.EndsWith(".webm", asked.OutputFileName, StringComparison.Ordinal);
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Errored);
        Assert.Contains(reason, done.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(Path.ChangeExtension(asked.OutputFileName, ".mp4"), done.MediaFile);
        Assert.Equal(done.MediaFile, done.OutputFileName);
        var told = await ProbeAsync(await host.DownloadAsync(done, done.MediaFile));
        Assert.Equal("h264;aac", string.Join(';', told.Select(line => line.Split(',')[0])));
        await RecordingHost.UntilAsync(
            () => !Directory.Exists(Path.Combine(_folder.PathOf("recordings"), done.Id.ToString())), "what lay on the disk is deleted");
        return done.ErrorMessage!;
    }

    /// <summary>A host whose converter is a script. Looking whether all is there succeeds.</summary>
    private async Task<RecordingHost> StartHostAsync(string act, TimeSpan? patience = null)
    {
        var script = await ScriptAsync($"case \"$*\" in *--source*) {act};; esac");
        return await RecordingHost.StartAsync(_folder.Path, more: services =>
        {
            services.Configure<CompositionOptions>(options => options.WorkerPath = script);
            services.AddSingleton(provider => new RecordingConverter(
                provider.GetRequiredService<IOptions<CompositionOptions>>(),
                provider.GetRequiredService<IOptions<RecordingOptions>>(),
                provider.GetRequiredService<RecordingMetrics>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<RecordingConverter>>())
            {
                Patience = patience ?? TimeSpan.FromMinutes(2),
            });
        });
    }

    private async Task<string> ScriptAsync(string lines)
    {
        var path = _folder.PathOf($"{Guid.NewGuid():N}.sh");
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{lines}\n");
        using var process = Process.Start("chmod", ["700", path]);
        await process.WaitForExitAsync();
        return path;
    }

    private async Task<RecordingRecord> RecordAsync(RecordingHost host, RecordingPlan plan)
    {
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        var answer = await host.Recordings.StartAsync(host.Wish(meeting, plan), CancellationToken.None);
        Assert.Null(answer.Message);
        host.Compositions.Of(answer.Recording!.SessionId).Publish(encoded.Source, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        await host.WaitForAsync(answer.Recording, RecordingStatus.Recording);
        var fragments = Path.Combine(_folder.PathOf("recordings"), answer.Recording.Id.ToString(), "fragments.mp4");
        await RecordingHost.UntilAsync(() => File.Exists(fragments) && new FileInfo(fragments).Length > 0, "something is on the disk");
        return answer.Recording;
    }

    private async Task<string[]> ProbeAsync(byte[] file)
    {
        var path = _folder.PathOf($"{Guid.NewGuid():N}.media");
        await File.WriteAllBytesAsync(path, file);
        await EncodedSource.RunAsync("-v", "error", "-i", path, "-f", "null", "-");
        using var process = Process.Start(new ProcessStartInfo(
            "ffprobe", ["-v", "error", "-show_entries", "stream=codec_name,channels", "-of", "csv=p=0", path]) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
