using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Mp4;

namespace Roomcast.Fuzz.Media;

/// <summary>What must hold of any decoder configuration that a peer may send.</summary>
internal static class ConfigurationCheck
{
    /// <summary>
    /// Either it is refused with a reason, or it makes a track whose init section can be written and read back to a
    /// track of the same format.
    /// </summary>
    public static void Of(Codec codec, byte[] bytes)
    {
        var isTrack = TrackFactory.TryCreate(0, codec, bytes, out var track, out var fault);
        Assert.Equal(isTrack, fault is TrackFault.None);
        if (!isTrack || track is null)
        {
            return;
        }

        Assert.True(track.Kind is TrackKind.Audio
            ? track is { SampleRateHz: > 0, Channels: > 0 }
            : codec is Codec.Vp9 || track is { Width: > 0, Height: > 0 });
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Mp4InitSection.Write([track]), out var tracks));
        Assert.True(tracks[0].TryToTrack(out var again, out _));
        Assert.Equal(track.CodecString, again.CodecString);
        Assert.Equal(track.Configuration.Length, again.Configuration.Length);
    }
}
