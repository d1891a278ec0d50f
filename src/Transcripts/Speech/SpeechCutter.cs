using System.Buffers;
using Roomcast.Media.Containers.Ogg;

namespace Roomcast.Transcripts.Speech;

/// <summary>Cuts the sound of one microphone into pieces, without decoding it: at pauses of its packets, and at a length.</summary>
/// <remarks>
/// Not thread-safe; time is handed in. A microphone that is off sends nothing, and one whose browser saves silence sends packets
/// of a few bytes: a piece of nothing else is left out.
/// </remarks>
public sealed class SpeechCutter(string peerId, TimeSpan longest)
{
    /// <summary>A pause of the packets as long as this ends a piece.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(600);

    /// <summary>Bytes of a packet that holds no more than silence.</summary>
    private const int SilenceBytes = 8;

    private ArrayBufferWriter<byte> _buffer = new();
    private OggOpusWriter? _writer;
    private DateTimeOffset _startedAt;
    private DateTimeOffset _lastAt;
    private bool _isHeard;

    /// <summary>Takes a packet.</summary>
    /// <param name="packet">Of Opus.</param>
    /// <param name="at">When it arrived, wall clock.</param>
    /// <returns>The piece that ended before it or with it; null while none has.</returns>
    public SpeechPiece? Take(ReadOnlySpan<byte> packet, DateTimeOffset at)
    {
        var ended = _writer is not null && at - _lastAt >= Pause ? End() : null;
        if (_writer is null)
        {
            if (packet.Length <= SilenceBytes)
            {
                return ended; // A piece begins with a sound.
            }

            _buffer = new ArrayBufferWriter<byte>();
            _writer = new OggOpusWriter(_buffer, channels: 2, serial: 1);
            _startedAt = at;
        }

        _lastAt = at;
        _isHeard |= packet.Length > SilenceBytes;
        _writer.TryAdd(packet);
        return ended ?? (_writer.Duration >= longest ? End() : null);
    }

    /// <summary>Ends a piece after which a pause has been.</summary>
    public SpeechPiece? LookAround(DateTimeOffset now) => _writer is not null && now - _lastAt >= Pause ? End() : null;

    /// <summary>Ends the piece under way.</summary>
    public SpeechPiece? End()
    {
        if (_writer is null)
        {
            return null;
        }

        _writer.Finish();
        var piece = _isHeard ? new SpeechPiece(peerId, _startedAt, _startedAt + _writer.Duration, _buffer.WrittenMemory) : null;
        _writer = null;
        _isHeard = false;
        return piece;
    }
}
