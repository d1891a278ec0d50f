using System.Collections.Concurrent;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Media;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>Takes frames and packages nothing: a livestream is playable with its first keyframe.</summary>
public sealed class TestPackaging : IPackaging
{
    public static Track Video { get; } = new()
    {
        Id = 0, Codec = Codec.H264, Configuration = new byte[] { 1 }, CodecString = "avc1.64001f", Width = 1280, Height = 720,
    };

    public static Track Audio { get; } = new()
    {
        Id = 1, Codec = Codec.Aac, Configuration = new byte[] { 0x11, 0x90 }, CodecString = "mp4a.40.2", SampleRateHz = 48_000, Channels = 2,
    };

    /// <summary>Who counts the viewers of what is on air.</summary>
    public ConcurrentDictionary<LivestreamId, LiveViewers> Viewers { get; } = new();

    public static void SendKeyframe(IngestPublisher publisher)
    {
        ArgumentNullException.ThrowIfNull(publisher);
        var at = publisher.ProgramTimeNow;
        var frame = Frame.CopyOf(Video.Id, at, at, TimeSpan.FromMilliseconds(40), isKeyframe: true, new byte[1_000]);
        publisher.Publish(frame);
        frame.Release();
    }

    public IPackager Open(LivestreamId livestreamId, DateTimeOffset programStart, LiveViewers viewers)
    {
        Viewers[livestreamId] = viewers;
        return new Packager();
    }

    private sealed class Packager : IPackager
    {
        public bool IsPlayable { get; private set; }

        public void SetTracks(IReadOnlyList<Track> tracks)
        {
        }

        public void MarkDiscontinuity()
        {
        }

        public void Interrupt()
        {
        }

        public void Push(Frame frame) => IsPlayable |= frame.IsKeyframe;

        public void End()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
