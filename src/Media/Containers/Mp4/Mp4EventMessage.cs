using System.Buffers;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>A message with a time, which stands in front of a fragment.</summary>
/// <remarks>
/// Source: the event message box in version 1, ISO/IEC 23009-1 section 5.10.3.3; for ID3 the AOM's "Carriage of ID3 Timed Metadata in
/// the Common Media Application Format".
/// <code>
/// size | "emsg" | 01 | flags, 3 bytes | timescale, 4 | presentation_time, 8 | event_duration, 4 | id, 4 | scheme_id_uri | 00 | value | 00 | message_data
/// </code>
/// </remarks>
public readonly ref struct Mp4EventMessage
{
    /// <summary>The duration of what has none.</summary>
    public const uint NoDuration = uint.MaxValue;

    /// <summary>Longest box that is written or read, in bytes: 64 KiB.</summary>
    public const int MaxLength = 64 << 10;

    private const int FixedLength = 12 + 4 + 8 + 4 + 4;

    /// <summary>Makes one; <see cref="Duration"/> is none.</summary>
    public Mp4EventMessage()
    {
    }

    /// <summary>The scheme of a message that is an ID3 tag of version 2.4.</summary>
    public static ReadOnlySpan<byte> Id3Scheme => "https://aomedia.org/emsg/ID3"u8;

    /// <summary>What kind of message it is: an address, without zeros.</summary>
    public required ReadOnlySpan<byte> Scheme { get; init; }

    /// <summary>What the scheme says it is, without zeros; mostly empty.</summary>
    public ReadOnlySpan<byte> Value { get; init; }

    /// <summary>Units in one second, 1 or more.</summary>
    public required uint TimescaleHz { get; init; }

    /// <summary>When it holds, in the time of the presentation; 0 or more.</summary>
    public required long Time { get; init; }

    /// <summary>How long it holds, in the same units.</summary>
    public uint Duration { get; init; } = NoDuration;

    /// <summary>Tells it from others of its scheme.</summary>
    public required uint Id { get; init; }

    /// <summary>The message.</summary>
    public required ReadOnlySpan<byte> Data { get; init; }

    /// <summary>Bytes of its box.</summary>
    public int Length => FixedLength + Scheme.Length + 1 + Value.Length + 1 + Data.Length;

    /// <summary>Writes the box; it must be no longer than <see cref="MaxLength"/>.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var length = Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength, nameof(Data));
        var writer = new BoxWriter(output.GetSpan(length)[..length]);
        var box = writer.BeginFull("emsg"u8, version: 1, flags: 0);
        writer.UInt32(TimescaleHz);
        writer.UInt64((ulong)Time);
        writer.UInt32(Duration);
        writer.UInt32(Id);
        writer.Bytes(Scheme);
        writer.UInt8(0);
        writer.Bytes(Value);
        writer.UInt8(0);
        writer.Bytes(Data);
        writer.End(box);
        output.Advance(length);
    }

    /// <summary>Reads what a box of version 1 holds.</summary>
    /// <param name="body">Its body, with version and flags in front.</param>
    /// <param name="message">The message, whose bytes are those of the body.</param>
    /// <returns><c>Done</c>; <c>Malformed</c> for what is cut off, of another version, or has no clock.</returns>
    public static Mp4ReadStatus TryRead(ReadOnlySpan<byte> body, out Mp4EventMessage message)
    {
        message = default;
        var fields = new FieldReader(body);
        var version = fields.UInt32() >> 24;
        var timescale = fields.UInt32();
        var time = fields.Int64();
        var duration = fields.UInt32();
        var id = fields.UInt32();
        var rest = fields.Rest;
        var schemeLength = rest.IndexOf((byte)0);
        var valueLength = schemeLength < 0 ? -1 : rest[(schemeLength + 1)..].IndexOf((byte)0);
        if (fields.HasFailed || version != 1 || timescale == 0 || valueLength < 0)
        {
            return Mp4ReadStatus.Malformed;
        }

        message = new Mp4EventMessage
        {
            Scheme = rest[..schemeLength],
            Value = rest.Slice(schemeLength + 1, valueLength),
            TimescaleHz = timescale,
            Time = time,
            Duration = duration,
            Id = id,
            Data = rest[(schemeLength + 1 + valueLength + 1)..],
        };
        return Mp4ReadStatus.Done;
    }
}
