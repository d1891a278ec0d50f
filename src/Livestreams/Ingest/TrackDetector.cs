using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Roomcast.Media;
using Roomcast.Media.Buffers;
using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.Aac;
using Roomcast.Media.Codecs.Av1;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.H265;
using Roomcast.Media.Codecs.NalUnits;
using Roomcast.Media.Codecs.Opus;
using Roomcast.Media.Codecs.Vp9;

namespace Roomcast.Livestreams.Ingest;

/// <summary>What is to be made of a coded frame.</summary>
internal enum FrameUse
{
    /// <summary>It can be decoded.</summary>
    Good,

    /// <summary>It holds nothing to be shown or heard.</summary>
    Nothing,

    /// <summary>It is damaged, or comes before the configuration it needs.</summary>
    Useless,
}

/// <summary>What a look into a coded frame showed.</summary>
/// <param name="Use">What is to be made of it.</param>
/// <param name="IsKeyframe">Whether decoding can start here, by the frame's own word.</param>
/// <param name="Samples">Samples of sound.</param>
/// <param name="Skip">Bytes at its front that do not belong to it.</param>
/// <param name="NeedsCopy">Whether there are such bytes within it, too.</param>
internal readonly record struct FrameFacts(FrameUse Use, bool IsKeyframe = false, int Samples = 0, int Skip = 0, bool NeedsCopy = false);

/// <summary>Knows what one kind of media is encoded with, by codec headers and by what the frames themselves hold.</summary>
/// <remarks>
/// What metadata claims plays no part. Headers that repeat what is known change nothing; parameter sets within frames count as
/// much as headers. Not thread-safe.
/// </remarks>
internal sealed class TrackDetector(int trackId)
{
    private byte[]? _lastHeader;
    private Codec? _codec;
    private AvcConfiguration? _avc;
    private HevcConfiguration? _hevc;
    private Av1Configuration? _av1;
    private byte[]? _vp9;
    private Track? _lastUsed;

    /// <summary>The track as known now; another object once its parameters change. Null while they are unknown.</summary>
    public Track? Track { get; private set; }

    /// <summary>Takes a codec header.</summary>
    /// <param name="codec">The codec it is for.</param>
    /// <param name="header">The configuration.</param>
    /// <param name="fault">What is wrong with it.</param>
    /// <returns>False when it cannot be used. A header that merely lacks the parameter sets can: frames will bring them.</returns>
    public bool TrySetHeader(Codec codec, ReadOnlySpan<byte> header, out TrackFault fault)
    {
        fault = TrackFault.None;
        if (codec == _codec && _lastHeader is not null && header.SequenceEqual(_lastHeader))
        {
            return true;
        }

        var bytes = codec is Codec.Opus && header.IsEmpty
            ? OpusConfiguration.Build(channels: 2, preSkip: 312).Bytes.ToArray() // Enhanced RTMP: empty means mono or stereo.
            : header.ToArray();
        if (codec is Codec.Vp9)
        {
            if (!Vp9Configuration.TryRead(bytes, out _, out fault))
            {
                return false;
            }

            Forget();
            _vp9 = bytes; // The size comes with the first keyframe.
        }
        else if (TrackFactory.TryCreate(trackId, codec, bytes, out var track, out fault))
        {
            Forget();
            Use(track);
        }
        else if (fault is not TrackFault.MissingParameterSets)
        {
            return false;
        }
        else
        {
            Forget();
        }

        fault = TrackFault.None;
        _codec = codec;
        _lastHeader = header.ToArray();
        return true;
    }

    /// <summary>Looks into a frame; <see cref="Track"/> may change by what it holds.</summary>
    /// <param name="codec">The codec it is said to be of.</param>
    /// <param name="payload">The frame.</param>
    public FrameFacts Inspect(Codec codec, ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            return new FrameFacts(FrameUse.Nothing);
        }

        if (_codec is not null && _codec != codec)
        {
            Forget(); // Another codec without a header: only what the frames hold counts now.
        }

        _codec = codec;
        var facts = codec switch
        {
            Codec.H264 => InspectH264(payload),
            Codec.H265 => InspectH265(payload),
            Codec.Av1 => InspectAv1(payload),
            Codec.Vp9 => InspectVp9(payload),
            Codec.Aac => InspectAac(payload),
            _ => InspectOpus(payload),
        };
        if (facts.Use is not FrameUse.Good)
        {
            return facts;
        }

        if (Track is null)
        {
            return new FrameFacts(FrameUse.Useless);
        }

        _lastUsed = Track;
        return facts;
    }

    /// <summary>Copies a frame of AV1 without what does not belong to it.</summary>
    public static MediaBuffer? TryCopy(ReadOnlySpan<byte> payload, out int length)
    {
        var copy = MediaBuffer.Rent(payload.Length);
        if (Av1TemporalUnit.TryCopyWithoutDelimiters(payload, copy.Span, out length))
        {
            return copy;
        }

        copy.Release();
        return null;
    }

    private FrameFacts InspectH264(ReadOnlySpan<byte> payload)
    {
        if (!H264AccessUnit.TryInspect(payload, _avc?.NalLengthSize ?? 4, out var unit))
        {
            return new FrameFacts(FrameUse.Useless);
        }

        if (unit.HasParameterSets)
        {
            AvcConfiguration? updated = null;
            var isNew = _avc is null ? TryBuildAvc(payload, out updated) : _avc.TryUpdateFrom(payload, out updated);
            if (isNew && TrackFactory.TryCreate(trackId, Codec.H264, updated!.Bytes, out var track, out _))
            {
                UseInBand(track);
            }
        }

        return new FrameFacts(unit.HasPicture ? FrameUse.Good : FrameUse.Nothing, unit.IsKeyframe);
    }

    private static bool TryBuildAvc(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out AvcConfiguration? built)
    {
        var sequenceSets = new List<ReadOnlyMemory<byte>>();
        var pictureSets = new List<ReadOnlyMemory<byte>>();
        var reader = new NalUnitReader(payload, lengthSize: 4);
        while (reader.TryRead(out var nalUnit))
        {
            switch (AvcNalUnit.TypeOf(nalUnit))
            {
                case AvcNalUnitType.SequenceParameterSet:
                    sequenceSets.Add(nalUnit.ToArray());
                    break;
                case AvcNalUnitType.PictureParameterSet:
                    pictureSets.Add(nalUnit.ToArray());
                    break;
                default:
                    break;
            }
        }

        return AvcConfiguration.TryBuild(sequenceSets, pictureSets, out built, out _);
    }

    private FrameFacts InspectH265(ReadOnlySpan<byte> payload)
    {
        if (!H265AccessUnit.TryInspect(payload, _hevc?.NalLengthSize ?? 4, out var unit))
        {
            return new FrameFacts(FrameUse.Useless);
        }

        if (unit.HasParameterSets)
        {
            HevcConfiguration? updated = null;
            var isNew = _hevc is null ? TryBuildHevc(payload, out updated) : _hevc.TryUpdateFrom(payload, out updated);
            if (isNew && TrackFactory.TryCreate(trackId, Codec.H265, updated!.Bytes, out var track, out _))
            {
                UseInBand(track);
            }
        }

        return new FrameFacts(unit.HasPicture ? FrameUse.Good : FrameUse.Nothing, unit.IsKeyframe);
    }

    private static bool TryBuildHevc(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out HevcConfiguration? built)
    {
        var videoSets = new List<ReadOnlyMemory<byte>>();
        var sequenceSets = new List<ReadOnlyMemory<byte>>();
        var pictureSets = new List<ReadOnlyMemory<byte>>();
        var reader = new NalUnitReader(payload, lengthSize: 4);
        while (reader.TryRead(out var nalUnit))
        {
            var sets = HevcNalUnit.TypeOf(nalUnit) switch
            {
                HevcNalUnitType.VideoParameterSet => videoSets,
                HevcNalUnitType.SequenceParameterSet => sequenceSets,
                HevcNalUnitType.PictureParameterSet => pictureSets,
                _ => null,
            };
            sets?.Add(nalUnit.ToArray());
        }

        return HevcConfiguration.TryBuild(videoSets, sequenceSets, pictureSets, out built, out _);
    }

    private FrameFacts InspectAv1(ReadOnlySpan<byte> payload)
    {
        // A temporal delimiter in front, which every encoder writes and MP4 forbids, is stepped over without a copy.
        var skip = payload.StartsWith((ReadOnlySpan<byte>)[0x12, 0x00]) ? 2 : 0;
        var units = payload[skip..];
        if (!Av1TemporalUnit.TryInspect(units, out var unit))
        {
            return new FrameFacts(FrameUse.Useless);
        }

        if (unit.HasSequenceHeader)
        {
            Av1Configuration? updated = null;
            var isNew = _av1 is null ? Av1Configuration.TryBuild(units, out updated, out _) : _av1.TryUpdateFrom(units, out updated);
            if (isNew && TrackFactory.TryCreate(trackId, Codec.Av1, updated!.Bytes, out var track, out _))
            {
                UseInBand(track);
            }
        }

        return new FrameFacts(
            unit.HasFrame ? FrameUse.Good : FrameUse.Nothing, unit.IsKeyframe, Skip: skip, NeedsCopy: unit.HasTemporalDelimiter);
    }

    private FrameFacts InspectVp9(ReadOnlySpan<byte> payload)
    {
        if (!Vp9FrameHeader.TryRead(payload, out var header) || _vp9 is null)
        {
            return new FrameFacts(FrameUse.Useless);
        }

        var isNewSize = header.IsKeyframe && (Track is null || Track.Width != header.Width || Track.Height != header.Height);
        if (isNewSize && TrackFactory.TryCreateVp9(trackId, _vp9, payload, out var track, out _))
        {
            Track = track;
        }

        return new FrameFacts(FrameUse.Good, header.IsKeyframe);
    }

    private FrameFacts InspectAac(ReadOnlySpan<byte> payload)
    {
        // FLV wants raw frames; some encoders leave the ADTS header on.
        var skip = 0;
        if (AdtsHeader.TryRead(payload, out var adts) is OperationStatus.Done && adts.FrameLength == payload.Length)
        {
            if (adts.RawBlocks != 1 || adts.HeaderLength == payload.Length)
            {
                return new FrameFacts(FrameUse.Useless);
            }

            skip = adts.HeaderLength;
            if (Track is null && adts.ToConfiguration() is { } implied
                && TrackFactory.TryCreate(trackId, Codec.Aac, implied.Bytes, out var track, out _))
            {
                Use(track);
            }
        }

        return new FrameFacts(FrameUse.Good, IsKeyframe: true, Track?.SamplesPerFrame ?? 0, skip);
    }

    private static FrameFacts InspectOpus(ReadOnlySpan<byte> payload) => OpusPacket.TryReadSamples(payload, out var samples)
        ? new FrameFacts(FrameUse.Good, IsKeyframe: true, samples)
        : new FrameFacts(FrameUse.Useless);

    private void Use(Track track)
    {
        _avc = track.Codec is Codec.H264 && AvcConfiguration.TryRead(track.Configuration, out var avc, out _) ? avc : null;
        _hevc = track.Codec is Codec.H265 && HevcConfiguration.TryRead(track.Configuration, out var hevc, out _) ? hevc : null;
        _av1 = track.Codec is Codec.Av1 && Av1Configuration.TryRead(track.Configuration, out var av1, out _) ? av1 : null;

        // The same parameters in another object would look like a change to those who hold the track. A header that frames
        // contradict before any of them has used it leaves no trace.
        Track = _lastUsed is not null && _lastUsed.IsSameFormatAs(track) ? _lastUsed : track;
    }

    /// <summary>Takes a track that frames bring; a header that said otherwise counts as new when it is repeated.</summary>
    private void UseInBand(Track track)
    {
        if (Track is not null)
        {
            _lastHeader = null;
        }

        Use(track);
    }

    private void Forget()
    {
        Track = null;
        _lastHeader = null;
        _avc = null;
        _hevc = null;
        _av1 = null;
        _vp9 = null;
    }
}
