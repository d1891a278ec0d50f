using Roomcast.Media.Codecs;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>Writes the init section: what a player reads once, before any segment (ftyp and moov without samples).</summary>
/// <remarks>
/// Sources: ISO/IEC 14496-12 section 8, ISO/IEC 23000-19 (CMAF) section 7.3. A track keeps the number
/// <see cref="TrackNumberOf"/> and the clock <see cref="TimescaleOf"/> for as long as it has its id and codec.
/// </remarks>
public static class Mp4InitSection
{
    /// <summary>Units in one second of a video track.</summary>
    public const int VideoTimescaleHz = 90_000;

    // What one track takes besides its configuration is about 600 bytes; this is for all of them and the header.
    private const int RoomPerTrack = 1_024;
    private const int RoomForHeader = 512;
    private const int MaxTracks = 64;
    private const uint IsEnabledAndInMovie = 3;
    internal const int Undetermined = 0x55C4; // "und", five bits a letter
    private const uint MovieTimescaleHz = 1_000;

    /// <summary>The track_ID in init section and fragments: MP4 counts from 1.</summary>
    public static int TrackNumberOf(int trackId) => trackId + 1;

    /// <summary>Units in one second of a track's times: 90,000 for video, the sample rate for sound.</summary>
    public static int TimescaleOf(Track track)
    {
        ArgumentNullException.ThrowIfNull(track);
        return track.Kind is TrackKind.Video ? VideoTimescaleHz : track.SampleRateHz;
    }

    /// <summary>Writes the section.</summary>
    /// <param name="tracks">1 to 64 tracks with unequal ids, as <see cref="TrackFactory"/> made them.</param>
    /// <returns>The section, an array of its exact size.</returns>
    public static byte[] Write(IReadOnlyList<Track> tracks)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        ArgumentOutOfRangeException.ThrowIfZero(tracks.Count, nameof(tracks));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tracks.Count, MaxTracks, nameof(tracks));

        var scratch = new byte[RoomForHeader + tracks.Sum(track => RoomPerTrack + track.Configuration.Length)];
        var writer = new BoxWriter(scratch);
        WriteFileType(ref writer, tracks);
        WriteMovie(ref writer, tracks);
        return scratch.AsSpan(0, writer.Position).ToArray();
    }

    private static void WriteFileType(ref BoxWriter writer, IReadOnlyList<Track> tracks)
    {
        var box = writer.Begin("ftyp"u8);
        writer.Bytes("iso6"u8);
        writer.UInt32(0);
        writer.Bytes("iso6"u8);
        writer.Bytes("mp41"u8);
        if (tracks.Count == 1)
        {
            writer.Bytes("cmfc"u8); // A CMAF track stands alone; several in one file are ordinary fragmented MP4.
        }

        if (tracks.Any(track => track.Codec is Codec.Av1))
        {
            writer.Bytes("av01"u8);
        }

        writer.End(box);
    }

    private static void WriteMovie(ref BoxWriter writer, IReadOnlyList<Track> tracks)
    {
        var movie = writer.Begin("moov"u8);
        var header = writer.BeginFull("mvhd"u8, version: 0, flags: 0);
        writer.Zeros(8); // creation and modification
        writer.UInt32(MovieTimescaleHz);
        writer.UInt32(0); // duration: it is in the fragments
        writer.UInt32(0x0001_0000); // rate 1.0
        writer.UInt16(0x0100); // volume 1.0
        writer.Zeros(10);
        WriteMatrix(ref writer);
        writer.Zeros(24);
        writer.Int32(tracks.Max(track => TrackNumberOf(track.Id)) + 1); // next_track_ID
        writer.End(header);

        foreach (var track in tracks)
        {
            WriteTrack(ref writer, track);
        }

        var extends = writer.Begin("mvex"u8);
        foreach (var track in tracks)
        {
            var box = writer.BeginFull("trex"u8, version: 0, flags: 0);
            writer.Int32(TrackNumberOf(track.Id));
            writer.UInt32(1); // default_sample_description_index
            writer.Zeros(12); // default duration, size and flags: each fragment says its own
            writer.End(box);
        }

        writer.End(extends);
        writer.End(movie);
    }

    private static void WriteTrack(ref BoxWriter writer, Track track)
    {
        var isVideo = track.Kind is TrackKind.Video;
        var format = default(VideoFormat);
        if (isVideo && !VideoFormat.TryRead(track.Codec, track.Configuration, out format, out var fault))
        {
            throw new ArgumentException($"Track {track} has a configuration that cannot be read: {fault}.", nameof(track));
        }

        var trak = writer.Begin("trak"u8);
        var header = writer.BeginFull("tkhd"u8, version: 0, IsEnabledAndInMovie);
        writer.Zeros(8);
        writer.Int32(TrackNumberOf(track.Id));
        writer.Zeros(8); // reserved, duration
        writer.Zeros(8);
        writer.Zeros(4); // layer, alternate group
        writer.UInt16(isVideo ? 0 : 0x0100); // volume
        writer.UInt16(0);
        WriteMatrix(ref writer);
        writer.UInt32(isVideo ? ShownWidth(track.Width, format.SampleAspectRatio) : 0);
        writer.UInt32((uint)track.Height << 16);
        writer.End(header);

        var media = writer.Begin("mdia"u8);
        var mediaHeader = writer.BeginFull("mdhd"u8, version: 0, flags: 0);
        writer.Zeros(8);
        writer.Int32(TimescaleOf(track));
        writer.UInt32(0);
        writer.UInt16(Undetermined);
        writer.UInt16(0);
        writer.End(mediaHeader);

        var handler = writer.BeginFull("hdlr"u8, version: 0, flags: 0);
        writer.UInt32(0);
        writer.Bytes(isVideo ? "vide"u8 : "soun"u8);
        writer.Zeros(12);
        writer.Bytes(isVideo ? "Video\0"u8 : "Sound\0"u8);
        writer.End(handler);

        WriteMediaInformation(ref writer, track, format, isVideo);
        writer.End(media);
        writer.End(trak);
    }

    private static void WriteMediaInformation(ref BoxWriter writer, Track track, in VideoFormat format, bool isVideo)
    {
        var information = writer.Begin("minf"u8);
        var header = isVideo ? writer.BeginFull("vmhd"u8, version: 0, flags: 1) : writer.BeginFull("smhd"u8, version: 0, flags: 0);
        writer.Zeros(isVideo ? 8 : 4);
        writer.End(header);

        var data = writer.Begin("dinf"u8);
        var references = writer.BeginFull("dref"u8, version: 0, flags: 0);
        writer.UInt32(1);
        writer.End(writer.BeginFull("url "u8, version: 0, flags: 1)); // the media is in this file
        writer.End(references);
        writer.End(data);

        var table = writer.Begin("stbl"u8);
        var descriptions = writer.BeginFull("stsd"u8, version: 0, flags: 0);
        writer.UInt32(1);
        Mp4SampleEntry.Write(ref writer, track, format);
        writer.End(descriptions);

        // The sample tables must be there and are empty.
        WriteEmptyTable(ref writer, "stts"u8, 4);
        WriteEmptyTable(ref writer, "stsc"u8, 4);
        WriteEmptyTable(ref writer, "stsz"u8, 8);
        WriteEmptyTable(ref writer, "stco"u8, 4);
        writer.End(table);
        writer.End(information);
    }

    private static void WriteEmptyTable(ref BoxWriter writer, ReadOnlySpan<byte> type, int length)
    {
        var box = writer.BeginFull(type, version: 0, flags: 0);
        writer.Zeros(length);
        writer.End(box);
    }

    internal static void WriteMatrix(ref BoxWriter writer)
    {
        writer.UInt32(0x0001_0000);
        writer.Zeros(12);
        writer.UInt32(0x0001_0000);
        writer.Zeros(12);
        writer.UInt32(0x4000_0000);
    }

    // 16.16: the width with square pixels.
    internal static uint ShownWidth(int width, SampleAspectRatio shape) =>
        (uint)Math.Min((((long)width << 16) * shape.Width) / shape.Height, uint.MaxValue);
}
