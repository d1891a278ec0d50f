using System.Diagnostics.CodeAnalysis;
using Roomcast.Media.Codecs.Aac;
using Roomcast.Media.Codecs.Av1;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.H265;
using Roomcast.Media.Codecs.Opus;
using Roomcast.Media.Codecs.Vp9;

namespace Roomcast.Media.Codecs;

/// <summary>Makes tracks of codec configurations.</summary>
public static class TrackFactory
{
    /// <summary>Reads a configuration and describes its track. Never throws on the bytes.</summary>
    /// <param name="id">The track's number within its feed, from 0.</param>
    /// <param name="codec">What it is encoded with.</param>
    /// <param name="configuration">
    /// As <see cref="Track.Configuration"/> says; an OpusHead may come with its magic, a VP9 record with version and
    /// flags, and both are then left out. The bytes are copied.
    /// </param>
    /// <param name="track">
    /// The track, when the configuration is right. VP9 does not say its size: use
    /// <see cref="TryCreateVp9"/> where the first keyframe is at hand.
    /// </param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryCreate(
        int id,
        Codec codec,
        ReadOnlyMemory<byte> configuration,
        [NotNullWhen(true)] out Track? track,
        out TrackFault fault)
    {
        track = null;
        if (configuration.Length > CodecLimits.MaxConfigurationLength)
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        ReadOnlyMemory<byte> bytes = configuration.ToArray();
        if (codec is Codec.Aac)
        {
            track = AacConfiguration.TryRead(bytes, out var aac, out fault) ? Describe(id, aac) : null;
        }
        else if (codec is Codec.Opus)
        {
            track = OpusConfiguration.TryRead(bytes, out var opus, out fault) ? Describe(id, opus) : null;
        }
        else
        {
            track = VideoFormat.TryRead(codec, bytes, out var video, out fault) ? Describe(id, codec, video) : null;
        }

        return track is not null;
    }

    /// <summary>Describes a VP9 track by its configuration and the frame that tells its size.</summary>
    /// <param name="id">The track's number within its feed, from 0.</param>
    /// <param name="configuration">The record of vpcC; the bytes are copied.</param>
    /// <param name="keyframe">A keyframe.</param>
    /// <param name="track">The track, when both are right.</param>
    /// <param name="fault">What is wrong, when they are not.</param>
    public static bool TryCreateVp9(
        int id,
        ReadOnlyMemory<byte> configuration,
        ReadOnlySpan<byte> keyframe,
        [NotNullWhen(true)] out Track? track,
        out TrackFault fault)
    {
        track = null;
        if (!VideoFormat.TryRead(Codec.Vp9, configuration.ToArray(), out var video, out fault))
        {
            return false;
        }

        if (!Vp9FrameHeader.TryRead(keyframe, out var header) || !header.IsKeyframe)
        {
            fault = TrackFault.Malformed;
            return false;
        }

        if (header.Width > CodecLimits.MaxPictureSide || header.Height > CodecLimits.MaxPictureSide)
        {
            fault = TrackFault.TooLarge;
            return false;
        }

        track = Describe(id, Codec.Vp9, video with { Width = header.Width, Height = header.Height });
        return true;
    }

    private static Track Describe(int id, AacConfiguration aac) => new()
    {
        Id = id,
        Codec = Codec.Aac,
        Configuration = aac.Bytes,
        CodecString = aac.CodecString,
        SampleRateHz = aac.SampleRateHz,
        Channels = aac.Channels,
        SamplesPerFrame = aac.SamplesPerFrame,
    };

    private static Track Describe(int id, OpusConfiguration opus) => new()
    {
        Id = id,
        Codec = Codec.Opus,
        Configuration = opus.Bytes,
        CodecString = OpusConfiguration.CodecString,
        SampleRateHz = OpusConfiguration.SampleRateHz,
        Channels = opus.Channels,
    };

    private static Track Describe(int id, Codec codec, VideoFormat video) => new()
    {
        Id = id,
        Codec = codec,
        Configuration = video.Configuration,
        CodecString = video.CodecString,
        Width = video.Width,
        Height = video.Height,
        FrameRate = video.FrameRate,
    };
}
