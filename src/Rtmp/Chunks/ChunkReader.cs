using System.Buffers.Binary;
using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Chunks;

/// <summary>Puts messages together from the chunks of a connection, however the network cuts them.</summary>
/// <remarks>
/// <para>Source: RTMP 1.0, section 5.3. One per connection; not thread-safe. Bodies go into pooled buffers, one copy.</para>
/// <para>
/// Extended timestamps are where implementations differ. A chunk of type 3 after a header with an extended timestamp repeats
/// it (FFmpeg, FMLE, newer OBS) or does not (rtmpdump, older OBS): the next four bytes are compared with what a repetition
/// would hold and taken as body when they differ. A type 1 or 2 header may hold a step or, against the specification, the
/// absolute time: see <see cref="StepOf"/>.
/// </para>
/// </remarks>
internal sealed class ChunkReader(RtmpLimits limits) : IDisposable
{
    /* Basic header, 5.3.1.1: | fmt:2 | csid:6 |, with csid 0 one more byte, with csid 1 two more.
       Message header, 5.3.1.2:
         type 0 | timestamp:24 | length:24 | type:8 | stream id:32, little-endian |
         type 1 | step:24 | length:24 | type:8 |
         type 2 | step:24 |
         type 3 nothing
       Extended timestamp, 5.3.1.3: 32 bits when the 24-bit field is 0xFFFFFF. */
    private const int MaxHeaderLength = 3 + 11 + 4;
    private const uint ExtendedMark = 0xFF_FFFF;

    // A type 3 chunk that begins a message right after a type 0 one repeats "the step", which by the specification is the
    // type 0 timestamp itself. FFmpeg means that; librtmp means no step at all. A whole second between two messages of one
    // kind is not what an encoder starts with, so a larger timestamp is no step.
    private const uint LargestFirstStepMs = 1_000;

    // An extended step moves time by 4.7 hours or more, an extended absolute timestamp by next to nothing.
    private const int NearMs = 600_000;

    private readonly ChunkStream?[] _low = new ChunkStream?[64];
    private readonly byte[] _held = new byte[MaxHeaderLength];
    private Dictionary<int, ChunkStream>? _high;
    private ChunkStream? _current;
    private int _heldLength;
    private int _chunkRemaining;
    private int _buffered;
    private int _streamCount;

    /// <summary>Largest body of one chunk the peer sends now, in bytes; 128 until it says otherwise.</summary>
    public int ChunkSize { get; set; } = 128;

    /// <summary>Largest message allowed now, in bytes.</summary>
    public int MaxMessageBytes { get; set; } = limits.MaxCommandBytes;

    /// <summary>Bytes allowed now in unfinished messages together, by their announced lengths.</summary>
    public int MaxBufferedBytes { get; set; } = limits.MaxBufferedBytes;

    /// <summary>Why reading has stopped for good.</summary>
    public RtmpFault Fault { get; private set; }

    /// <summary>Bytes of unfinished messages, by their announced lengths.</summary>
    public int BufferedBytes => _buffered;

    /// <summary>Reads until one message is whole, the input is used up, or a fault.</summary>
    /// <param name="input">The next bytes of the connection.</param>
    /// <param name="message">The message, when the result is that there is one.</param>
    /// <param name="consumed">Bytes used; all of them unless there is a message or a fault.</param>
    /// <returns>Whether there is a message.</returns>
    public bool TryRead(ReadOnlySpan<byte> input, out RtmpMessage message, out int consumed)
    {
        consumed = 0;
        message = default;
        while (Fault is RtmpFault.None)
        {
            if (_current is null)
            {
                if (!TryReadHeader(input[consumed..], out var used))
                {
                    consumed += used;
                    return false;
                }

                consumed += used;
            }

            var stream = _current!;
            var take = Math.Min(_chunkRemaining, input.Length - consumed);
            if (take > 0)
            {
                input.Slice(consumed, take).CopyTo(stream.Body!.Span[stream.Filled..]);
                stream.Filled += take;
                consumed += take;
                _chunkRemaining -= take;
            }

            if (_chunkRemaining > 0)
            {
                return false;
            }

            _current = null;
            if (stream.Filled == stream.Length)
            {
                message = new RtmpMessage(stream.Type, stream.TimestampMs, stream.StreamId, stream.Body!);
                stream.Body = null;
                _buffered -= stream.Length;
                return true;
            }
        }

        return false;
    }

    /// <summary>Throws away what there is of a message, as an abort message asks.</summary>
    public void Abort(int chunkStreamId)
    {
        if (Find(chunkStreamId) is { } stream)
        {
            Drop(stream);
        }
    }

    /// <summary>Gives back the memory of unfinished messages.</summary>
    public void Dispose()
    {
        foreach (var stream in _low)
        {
            Drop(stream);
        }

        foreach (var stream in _high?.Values ?? Enumerable.Empty<ChunkStream>())
        {
            Drop(stream);
        }
    }

    private void Drop(ChunkStream? stream)
    {
        if (stream?.Body is { } body)
        {
            stream.Body = null;
            _buffered -= stream.Length;
            body.Release();
        }
    }

    private ChunkStream? Find(int id) => (uint)id < (uint)_low.Length ? _low[id] : _high?.GetValueOrDefault(id);

    // A header that is cut is held until the rest comes. What was held may turn out to reach past the header, into the body or
    // even the next header, when the start of a body looked like the start of a repeated extended timestamp.
    private bool TryReadHeader(ReadOnlySpan<byte> input, out int used)
    {
        if (_heldLength == 0)
        {
            used = ParseHeader(input);
            if (used < 0)
            {
                input.CopyTo(_held);
                _heldLength = used = input.Length;
                return false;
            }

            return Fault is RtmpFault.None;
        }

        used = Math.Min(input.Length, MaxHeaderLength - _heldLength);
        input[..used].CopyTo(_held.AsSpan(_heldLength));
        var length = ParseHeader(_held.AsSpan(0, _heldLength + used));
        if (length < 0)
        {
            _heldLength += used;
            return false;
        }

        if (Fault is not RtmpFault.None)
        {
            return false;
        }

        used = Math.Max(0, length - _heldLength);
        var beyond = _held.AsSpan(length, Math.Max(0, _heldLength - length));
        var body = beyond[..Math.Min(beyond.Length, _chunkRemaining)];
        body.CopyTo(_current!.Body!.Span[_current.Filled..]);
        _current.Filled += body.Length;
        _chunkRemaining -= body.Length;
        beyond = beyond[body.Length..];
        beyond.CopyTo(_held);
        _heldLength = beyond.Length;
        return true;
    }

    /// <summary>Reads one header and makes its chunk stream the current one.</summary>
    /// <returns>The header's length; -1 when the bytes end before it does, and then nothing has changed.</returns>
    private int ParseHeader(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return -1;
        }

        var format = bytes[0] >> 6;
        var id = bytes[0] & 0x3F;
        var at = id switch { 0 => 2, 1 => 3, _ => 1 };
        if (bytes.Length < at)
        {
            return -1;
        }

        id = id switch { 0 => 64 + bytes[1], 1 => 64 + bytes[1] + (bytes[2] << 8), _ => id };
        var stream = Find(id);
        if (format == 3)
        {
            return stream is null ? Stop(RtmpFault.ChunkWithoutBeginning) : ParseContinuation(stream, bytes, at);
        }

        var fields = bytes[at..];
        var fieldsLength = format switch { 0 => 11, 1 => 7, _ => 3 };
        if (fields.Length < fieldsLength)
        {
            return -1;
        }

        at += fieldsLength;
        var time = ReadUInt24(fields);
        var isExtended = time == ExtendedMark;
        if (isExtended)
        {
            if (bytes.Length < at + 4)
            {
                return -1;
            }

            time = BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
            at += 4;
        }

        if (stream is null)
        {
            // Type 1 in the beginning lacks only a stream id, and some encoders do that; type 2 lacks everything.
            if (format == 2)
            {
                return Stop(RtmpFault.ChunkWithoutBeginning);
            }

            if (_streamCount == limits.MaxChunkStreams)
            {
                return Stop(RtmpFault.TooManyChunkStreams);
            }

            stream = Add(id);
        }

        // A message that was never finished gives way: its sender has begun another one.
        Drop(stream);

        if (format == 0)
        {
            stream.TimestampMs = time;
            stream.StepMs = time <= LargestFirstStepMs ? time : 0;
            stream.StreamId = BinaryPrimitives.ReadUInt32LittleEndian(fields[7..]);
        }
        else
        {
            stream.StepMs = isExtended ? StepOf(time, stream.TimestampMs) : time;
            stream.TimestampMs += stream.StepMs;
        }

        if (format <= 1)
        {
            stream.Length = (int)ReadUInt24(fields[3..]);
            stream.Type = (RtmpMessageType)fields[6];
        }

        stream.IsExtended = isExtended;
        stream.ExtendedField = time;
        return Begin(stream) ? at : 0;
    }

    private int ParseContinuation(ChunkStream stream, ReadOnlySpan<byte> bytes, int at)
    {
        if (stream.IsExtended)
        {
            Span<byte> field = stackalloc byte[4];
            Span<byte> absolute = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(field, stream.ExtendedField);
            BinaryPrimitives.WriteUInt32BigEndian(absolute, stream.TimestampMs);
            var next = bytes.Slice(at, Math.Min(4, bytes.Length - at));
            if (field.StartsWith(next) || absolute.StartsWith(next))
            {
                if (next.Length < 4)
                {
                    return -1;
                }

                at += 4;
            }
        }

        if (stream.Body is null)
        {
            stream.TimestampMs += stream.StepMs;
            return Begin(stream) ? at : 0;
        }

        _current = stream;
        _chunkRemaining = Math.Min(ChunkSize, stream.Length - stream.Filled);
        return at;
    }

    private bool Begin(ChunkStream stream)
    {
        if (stream.Length > MaxMessageBytes)
        {
            Stop(RtmpFault.MessageTooLarge);
            return false;
        }

        if (stream.Length > MaxBufferedBytes - _buffered)
        {
            Stop(RtmpFault.TooMuchBuffered);
            return false;
        }

        stream.Body = MediaBuffer.Rent(stream.Length);
        stream.Filled = 0;
        _buffered += stream.Length;
        _current = stream;
        _chunkRemaining = Math.Min(ChunkSize, stream.Length);
        return true;
    }

    private int Stop(RtmpFault fault)
    {
        Fault = fault;
        return 0;
    }

    /// <summary>How far an extended timestamp of type 1 or 2 moves time.</summary>
    /// <remarks>
    /// The specification says it is the step. A sender that writes the absolute time instead comes out near the last
    /// timestamp, where a true step of this size would mean that time had jumped by hours and by just as much as it stood.
    /// </remarks>
    private static uint StepOf(uint field, uint lastTimestampMs)
    {
        var asAbsolute = unchecked((int)(field - lastTimestampMs));
        return asAbsolute is > -NearMs and < NearMs ? unchecked((uint)asAbsolute) : field;
    }

    private ChunkStream Add(int id)
    {
        var stream = new ChunkStream();
        _streamCount++;
        if (id < _low.Length)
        {
            _low[id] = stream;
        }
        else
        {
            (_high ??= [])[id] = stream;
        }

        return stream;
    }

    private static uint ReadUInt24(ReadOnlySpan<byte> bytes) => (uint)((bytes[0] << 16) | (bytes[1] << 8) | bytes[2]);
}
