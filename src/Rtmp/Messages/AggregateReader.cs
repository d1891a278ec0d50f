using Roomcast.Rtmp.Connection;

namespace Roomcast.Rtmp.Messages;

/// <summary>Takes the audio and video messages out of an aggregate message, all sharing its buffer.</summary>
/// <remarks>
/// Source: RTMP 1.0, section 7.1.6. The body is a run of FLV tags, each followed by its length. The aggregate's own timestamp
/// replaces the first tag's, and moves the others with it.
/// </remarks>
internal sealed class AggregateReader : IDisposable
{
    private const int TagHeaderLength = 11;
    private const int BackPointerLength = 4;

    private RtmpMessage _message;
    private bool _isActive;
    private int _at;
    private uint _shiftMs;
    private bool _isFirst;

    /// <summary>Takes over a message.</summary>
    public void Start(in RtmpMessage message)
    {
        Dispose();
        _message = message;
        _isActive = true;
        _at = 0;
        _isFirst = true;
    }

    /// <summary>Takes the next message out. False at the end, or where the rest is no tag: then the buffer is let go.</summary>
    public bool TryRead(out RtmpMedia media)
    {
        media = default;
        while (_isActive)
        {
            ReadOnlySpan<byte> rest = _message.Body.Span[_at..];
            if (rest.Length < TagHeaderLength)
            {
                break;
            }

            var type = (RtmpMessageType)rest[0];
            var length = (rest[1] << 16) | (rest[2] << 8) | rest[3];
            var timestampMs = (uint)((rest[4] << 16) | (rest[5] << 8) | rest[6] | (rest[7] << 24));
            if (length > rest.Length - TagHeaderLength)
            {
                break;
            }

            var offset = _at + TagHeaderLength;
            _at = Math.Min(offset + length + BackPointerLength, _message.Body.Length);
            if (_isFirst)
            {
                _isFirst = false;
                _shiftMs = unchecked(_message.TimestampMs - timestampMs);
            }

            if (type is not (RtmpMessageType.Audio or RtmpMessageType.Video))
            {
                continue;
            }

            _message.Body.Retain();
            var kind = type is RtmpMessageType.Audio ? RtmpMediaKind.Audio : RtmpMediaKind.Video;
            media = new RtmpMedia(kind, unchecked(timestampMs + _shiftMs), _message.Body, offset, length);
            return true;
        }

        Dispose();
        return false;
    }

    /// <summary>Lets go of the buffer.</summary>
    public void Dispose()
    {
        if (_isActive)
        {
            _isActive = false;
            _message.Body.Release();
        }
    }
}
