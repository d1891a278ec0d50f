using Roomcast.Media;
using Roomcast.Media.Containers.Flv;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Rtmp.Connection;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Video;

namespace Roomcast.Interop.Playback;

/// <summary>Pictures with a clock in them, encoded by FFmpeg in forms that its own RTMP muxer cannot send.</summary>
internal static class ElementaryStreams
{
    /// <summary>H.265 and AAC as Enhanced RTMP messages.</summary>
    public static async Task<PublishMedia> HevcAndAacAsync(int frames)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("hevc.mp4");
        var options = new PictureClockOptions { VideoEncoder = "libx265", FrameCount = frames, IsLive = false };
        await using (var source = PictureClockSource.Start(
            options,
            "-x265-params", "log-level=error:keyint=60:min-keyint=60:scenecut=0", "-tag:v", "hvc1",
            "-movflags", "+frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "-y", file))
        {
            await source.WaitForEndAsync();
            Assert.True(source.ExitCode == 0, source.Log);
        }

        return FromFragmentedMp4(await File.ReadAllBytesAsync(file));
    }

    /// <summary>Turns a fragmented MP4 file into RTMP messages in the order of their times.</summary>
    public static PublishMedia FromFragmentedMp4(byte[] file)
    {
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(file, out var tracks));
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadFragments(file, tracks, out var fragments));
        var messages = new List<(double At, int Order, PublishMessage Message)>();
        foreach (var track in tracks)
        {
            Assert.True(track.TryToTrack(out var made, out var fault), fault.ToString());
            messages.Add((0, 0, Message(made, FlvPacketType.SequenceStart, isKeyframe: true, 0, 0, made.Configuration.Span)));
            var samples = fragments.SelectMany(fragment => fragment.Samples).Where(sample => sample.TrackNumber == track.TrackNumber).ToList();
            foreach (var sample in samples)
            {
                var at = sample.DecodeTime * 1_000.0 / track.TimescaleHz;
                var offset = (int)Math.Round(sample.CompositionOffset * 1_000.0 / track.TimescaleHz);
                messages.Add((at, 1, Message(
                    made, FlvPacketType.CodedFrame, sample.IsSync, offset, (uint)Math.Max(0, Math.Round(at)), file.AsSpan((int)sample.Offset, sample.Length))));
            }
        }

        return new PublishMedia([.. messages.OrderBy(entry => (entry.At, entry.Order)).Select(entry => entry.Message)]);
    }

    private static PublishMessage Message(
        Track track, FlvPacketType type, bool isKeyframe, int offsetMs, uint timestampMs, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[FlvTagBodyWriter.MaxHeaderLength];
        var isVideo = track.Kind is TrackKind.Video;
        var length = isVideo
            ? FlvTagBodyWriter.WriteVideoHeader(header, track.Codec, type, isKeyframe, offsetMs)
            : FlvTagBodyWriter.WriteAudioHeader(header, track.Codec, type);
        return new PublishMessage(
            isVideo ? RtmpMediaKind.Video : RtmpMediaKind.Audio, timestampMs, (byte[])[.. header[..length], .. payload], type is FlvPacketType.SequenceStart);
    }
}
