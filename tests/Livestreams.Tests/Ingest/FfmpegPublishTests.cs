using System.Globalization;
using Roomcast.Livestreams.Ingest;
using Roomcast.Media;
using Roomcast.Media.Buffers;
using Roomcast.Media.Time;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Livestreams.Tests.Ingest;

/// <summary>FFmpeg, which must be installed, pushing real H.264 and AAC.</summary>
[Collection(nameof(MediaBuffer))]
public sealed class FfmpegPublishTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_frame_of_a_stream_with_B_frames_that_crosses_the_24_bit_limit_arrives(bool isEncrypted)
    {
        // 4 s from 16,775,000 ms on: the limit of 16,777,215 ms is crossed in the middle.
        const double Offset = 16_775.0;
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("source.mp4");
        await FfmpegTool.RunAsync(
            "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=4", "-f", "lavfi", "-i", "sine=sample_rate=48000:duration=4",
            "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "30", "-c:a", "aac", "-ac", "2", file);
        var pictures = await CountAsync(file, "v");
        var sounds = await CountAsync(file, "a");
        Assert.Equal(120, pictures);

        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        var address = isEncrypted ? server.TlsAddress("k") : server.Address("k");
        await FfmpegTool.RunAsync(
            "-v", "error", "-i", file, "-c", "copy", "-output_ts_offset", Offset.ToString(CultureInfo.InvariantCulture), "-f", "flv", address);

        Assert.Equal(IngestEndReason.ConnectionClosed, await key.Newest.Closed.WaitAsync(Patience));
        var publisher = key.Newest;
        Assert.Equal(pictures, publisher.Pictures.Count);
        Assert.Equal(sounds, publisher.Sound.Count);
        Assert.Equal((0L, 0L), (publisher.Measurements!.DroppedFrames, publisher.Measurements.TimestampJumps));
        Assert.Equal([Codec.H264, Codec.Aac], Assert.Single(publisher.Tracks).Select(track => track.Codec));
        Assert.Equal(4, publisher.Pictures.Count(frame => frame.IsKeyframe));
        Assert.Contains(publisher.Pictures, frame => frame.PresentationTime - frame.DecodeTime >= TimeSpan.FromMilliseconds(60)); // B-frames.
        Assert.StartsWith("FMLE/3.0", Assert.Single(server.Gate.Requests).Encoder, StringComparison.Ordinal);

        // In order of presentation the pictures are 33 ms apart, and sound follows sound without a hole.
        var shown = publisher.Pictures.Select(frame => frame.PresentationTime).Order().ToArray();
        for (var i = 1; i < shown.Length; i++)
        {
            Assert.InRange((shown[i] - shown[i - 1]).TotalMilliseconds, 32, 35);
        }

        for (var i = 1; i < publisher.Sound.Count; i++)
        {
            Assert.InRange((publisher.Sound[i].DecodeTime - publisher.Sound[i - 1].DecodeTime - publisher.Sound[i - 1].Duration).Ticks, -1, 1);
        }

        Assert.InRange((shown[0] - publisher.Sound[0].DecodeTime).TotalMilliseconds, -45, 110);
    }

    [Fact]
    public async Task What_arrives_decodes_to_what_was_sent()
    {
        using var folder = new TemporaryFolder();
        var source = folder.PathOf("source.flv");
        var media = await EncodedMedia.CreateAsync(new EncodedMediaOptions { BFrames = 2 });
        await File.WriteAllBytesAsync(source, media.ToFlv());

        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        await FfmpegTool.RunAsync("-v", "error", "-i", source, "-c", "copy", "-f", "flv", server.Address("k"));
        await key.Newest.Closed.WaitAsync(Patience);

        // The frames are the file's own, byte for byte.
        var sent = media.Messages.Where(message => !message.IsHeader).ToArray();
        Assert.Equal(sent.Length, key.Newest.Frames.Count);
        Assert.Equal(
            sent.Where(message => message.Kind is Roomcast.Rtmp.Connection.RtmpMediaKind.Video).Select(message => Convert.ToHexString(message.Body.Span[5..])),
            key.Newest.Pictures.Select(frame => Convert.ToHexString(frame.Payload)));
        Assert.Equal(
            sent.Where(message => message.Kind is Roomcast.Rtmp.Connection.RtmpMediaKind.Audio).Select(message => Convert.ToHexString(message.Body.Span[2..])),
            key.Newest.Sound.Select(frame => Convert.ToHexString(frame.Payload)));
    }

    [Fact]
    public async Task A_refusal_is_shown_by_FFmpeg()
    {
        await using var server = new IngestServer();
        var (exitCode, errors) = await FfmpegTool.TryRunAsync(
            "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", "-f", "flv", server.Address("wrong"));
        Assert.NotEqual(0, exitCode);
        Assert.Contains("No livestream has this stream key.", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("libmp3lame", "MP3")]
    [InlineData("pcm_mulaw", "G.711 mu-law")]
    [InlineData("speex", "Speex")]
    public async Task Sound_that_is_not_carried_is_refused_with_its_name(string encoder, string name)
    {
        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        string[] rate = encoder switch { "pcm_mulaw" => ["-ar", "8000"], "speex" => ["-ar", "16000"], _ => ["-ar", "44100"] };
        await FfmpegTool.TryRunAsync(
            ["-v", "error", "-re", "-f", "lavfi", "-i", "sine=duration=5", "-c:a", encoder == "speex" ? "libspeex" : encoder, .. rate, "-ac", "1", "-f", "flv", server.Address("k")]);
        await key.Newest.Closed.WaitAsync(Patience);
        Assert.Contains(server.Log.Entries, entry => entry.Id == 2103 && entry.Text.Contains($"{name} is not carried", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Codec.H265, Codec.Opus)]
    [InlineData(Codec.Av1, Codec.Aac)]
    public async Task Real_media_of_Enhanced_RTMP_arrives_whole(Codec picture, Codec sound)
    {
        // FFmpeg writes no Enhanced RTMP before 6.1: it encodes, and our own publisher sends.
        var media = await EncodedMedia.CreateAsync(new EncodedMediaOptions { Picture = picture, Sound = sound, Length = TimeSpan.FromSeconds(2) });
        await using var server = new IngestServer();
        var key = server.Gate.Admit("k");
        await using (var publisher = await RtmpPublisher.ConnectAsync(server.Address("k")))
        {
            await publisher.PublishAsync(media);
            await publisher.UnpublishAsync();
        }

        await key.Newest.Closed.WaitAsync(Patience);
        Assert.Equal([picture, sound], Assert.Single(key.Newest.Tracks).Select(track => track.Codec));
        Assert.Equal((640, 360), (key.Newest.Tracks[0][0].Width, key.Newest.Tracks[0][0].Height));
        Assert.Equal((60, media.PictureFrames, media.SoundFrames), (media.PictureFrames, key.Newest.Pictures.Count, key.Newest.Sound.Count));
        Assert.True(key.Newest.Pictures[0].IsKeyframe);
        Assert.Equal(0, key.Newest.Measurements!.DroppedFrames);
    }

    private static async Task<int> CountAsync(string file, string kind) => int.Parse(
        (await FfmpegTool.ProbeAsync("-count_packets", "-select_streams", kind, "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", file)).Trim().TrimEnd(','),
        CultureInfo.InvariantCulture);
}
