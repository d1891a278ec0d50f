using Roomcast.Feeds;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Time;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Push;

/// <summary>A feed and its publisher: 25 pictures a second, a keyframe every two, and sound between them.</summary>
/// <remarks>
/// The sound is further from the picture before it than what a push sends together, and further than that from the sound before it. So the
/// last to be sent waits for nothing that comes after it.
/// </remarks>
internal sealed class TestFeed
{
    public const int PictureMs = 40;
    public const int SoundAfterMs = 35;
    public const int GroupLength = 50;

    public static readonly Track Picture = Make(0, Codec.H264, CodecSamples.AvcBaseline);
    public static readonly Track OtherPicture = Make(0, Codec.H264, CodecSamples.AvcHigh);
    public static readonly Track Sound = Make(1, Codec.Aac, [0x11, 0x90]);

    private FeedPublisher _publisher;

    public TestFeed(params Track[] tracks)
    {
        _publisher = Feed.TryBeginPublish()!;
        Tracks = tracks.Length == 0 ? [Picture, Sound] : tracks;
        _publisher.SetTracks(Tracks);
    }

    public Feed Feed { get; } = new();

    public IReadOnlyList<Track> Tracks { get; private set; }

    /// <summary>Pictures, or without them sound frames, sent so far.</summary>
    public int Count { get; private set; }

    public FeedPublisher Publisher => _publisher;

    public static Track Make(int id, Codec codec, byte[] configuration) =>
        TrackFactory.TryCreate(id, codec, configuration, out var track, out var fault) ? track : throw new ArgumentException($"{fault}");

    /// <summary>Sends pictures with their sound; the payload of each holds its number.</summary>
    public void Send(int count = 1)
    {
        for (var i = 0; i < count; i++)
        {
            var at = MediaTime.Zero + TimeSpan.FromMilliseconds(Count * PictureMs);
            if (Tracks.Any(track => track.Kind is TrackKind.Video))
            {
                Send(Picture.Id, at, at, Count % GroupLength == 0, Count);
            }

            if (Tracks.Any(track => track.Kind is TrackKind.Audio))
            {
                var heard = at + TimeSpan.FromMilliseconds(SoundAfterMs);
                Send(Sound.Id, heard, heard, true, Count);
            }

            Count++;
        }
    }

    public void Send(int trackId, MediaTime decode, MediaTime shown, bool isKeyframe, int number, int length = 200)
    {
        var payload = new byte[length];
        BitConverter.TryWriteBytes(payload, number);
        var frame = Frame.CopyOf(trackId, decode, shown, TimeSpan.Zero, isKeyframe, payload);
        _publisher.Publish(frame);
        frame.Release();
    }

    public void SetTracks(params Track[] tracks)
    {
        Tracks = tracks;
        _publisher.SetTracks(tracks);
        Count += GroupLength - (Count % GroupLength);
    }

    /// <summary>The publisher leaves, and another comes some time later.</summary>
    public void Interrupt(int missed)
    {
        _publisher.Leave();
        Count += missed;
        Count += GroupLength - (Count % GroupLength);
        _publisher = Feed.TryBeginPublish()!;
        _publisher.SetTracks(Tracks);
    }

    public static int NumberOf(SinkMessage message) => BitConverter.ToInt32(message.Payload);
}
