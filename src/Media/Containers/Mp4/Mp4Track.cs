using System.Diagnostics.CodeAnalysis;
using System.Text;
using Roomcast.Media.Codecs;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>A track as an init section describes it.</summary>
public sealed record Mp4Track
{
    /// <summary>track_ID, 1 or more.</summary>
    public required int TrackNumber { get; init; }

    /// <summary>Units in one second of its times, 1 or more.</summary>
    public required int TimescaleHz { get; init; }

    /// <summary>The four letters of the handler: vide, soun, text …</summary>
    public required string Handler { get; init; }

    /// <summary>Three letters of the language; und when undetermined.</summary>
    public required string Language { get; init; }

    /// <summary>The four letters of the sample entry: avc1, avc3, hvc1, hev1, av01, vp09, mp4a, Opus …</summary>
    public required string SampleEntry { get; init; }

    /// <summary>The codec, null when it is not one of ours.</summary>
    public Codec? Codec { get; init; }

    /// <summary>The decoder configuration in the form of <see cref="Track.Configuration"/>; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Configuration { get; init; }

    /// <summary>Coded width by the sample entry, in pixels; 0 for sound.</summary>
    public int Width { get; init; }

    /// <summary>Coded height by the sample entry, in pixels; 0 for sound.</summary>
    public int Height { get; init; }

    /// <summary>Width to show by the track header, in 16.16 pixels.</summary>
    public uint ShownWidth { get; init; }

    /// <summary>The shape of a pixel by pasp; square when not said.</summary>
    public SampleAspectRatio SampleAspectRatio { get; init; } = SampleAspectRatio.Square;

    /// <summary>How to show the samples by colr, null when not said.</summary>
    public ColourDescription? Colour { get; init; }

    /// <summary>Channels by the sample entry; 0 for video.</summary>
    public int Channels { get; init; }

    /// <summary>Samples per second by the sample entry; 0 for video and above 65,535 Hz.</summary>
    public int SampleRateHz { get; init; }

    /// <summary>Duration of a sample for which its fragment says none.</summary>
    public uint DefaultDuration { get; init; }

    /// <summary>Bytes of a sample for which its fragment says none.</summary>
    public uint DefaultSize { get; init; }

    /// <summary>Flags of a sample for which its fragment says none.</summary>
    public uint DefaultFlags { get; init; }

    /// <summary>Makes a track of ours of it, with the id that <see cref="Mp4InitSection.TrackNumberOf"/> counts from.</summary>
    /// <param name="track">The track, when its codec is ours and its configuration is right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public bool TryToTrack([NotNullWhen(true)] out Track? track, out TrackFault fault)
    {
        if (Codec is { } codec)
        {
            return TrackFactory.TryCreate(TrackNumber - 1, codec, Configuration, out track, out fault);
        }

        track = null;
        fault = TrackFault.Unsupported;
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{TrackNumber}:{SampleEntry} at {TimescaleHz} Hz";

    internal static string NameOf(ReadOnlySpan<byte> type) => Encoding.ASCII.GetString(type);
}

/// <summary>A sample found in a fragment.</summary>
/// <param name="TrackNumber">track_ID.</param>
/// <param name="DecodeTime">In the track's timescale.</param>
/// <param name="Duration">In the track's timescale.</param>
/// <param name="CompositionOffset">From decoding to presentation, in the track's timescale.</param>
/// <param name="Flags">As section 8.8.3.1 of ISO/IEC 14496-12 lays them out.</param>
/// <param name="Offset">Where its payload begins in the bytes that were read.</param>
/// <param name="Length">Bytes of payload.</param>
public readonly record struct Mp4ReadSample(
    int TrackNumber, long DecodeTime, uint Duration, int CompositionOffset, uint Flags, int Offset, int Length)
{
    /// <summary>When it is shown, in the track's timescale.</summary>
    public long PresentationTime => DecodeTime + CompositionOffset;

    /// <summary>Whether decoding can start here.</summary>
    public bool IsSync => (Flags & Mp4SampleFlags.IsNotSync) == 0;
}

/// <summary>One moof and the mdat that belongs to it.</summary>
/// <param name="SequenceNumber">By its mfhd.</param>
/// <param name="Offset">Where the moof begins in the bytes that were read.</param>
/// <param name="DecodeTimes">By tfdt: for each track fragment its track_ID and when its first sample is decoded.</param>
/// <param name="Samples">All samples, in the order of the file.</param>
/// <param name="ProducerTime">The prft in front of it, null when there is none.</param>
public sealed record Mp4Fragment(
    uint SequenceNumber,
    int Offset,
    IReadOnlyList<(int TrackNumber, long DecodeTime)> DecodeTimes,
    IReadOnlyList<Mp4ReadSample> Samples,
    Mp4ProducerTime? ProducerTime);
