namespace Roomcast.Media.Containers.Flv;

/// <summary>Takes the packets out of the body of one FLV audio or video tag, which is also what an RTMP message holds.</summary>
/// <remarks>
/// <para>
/// Source: Video File Format Specification 10.1, annexes E.4.2 and E.4.3; Enhanced RTMP v2, "Enhanced Audio" and "Enhanced
/// Video". A tag of either usually holds one packet; with multitrack it may hold several.
/// </para>
/// <para>An empty body is no fault: old players send it for silence, and some encoders for want of anything better.</para>
/// </remarks>
public ref struct FlvTagBodyReader
{
    /* Classic video  | frame type:4 | codec:4 | AVC only: packet type:8 | composition time:24 |
       Extended video | 1 | frame type:3 | packet type:4 | modifiers | FourCC:32 | composition time:24 for some | payload |
       Classic audio  | format:4 | rate:2 | size:1 | stereo:1 | AAC only: packet type:8 |
       Extended audio | 9:4 | packet type:4 | modifiers | FourCC:32 | payload |
       Multitrack, after the modifiers
                      | multitrack type:4 | packet type:4 | FourCC:32 unless it differs by track |
                      then for each track | FourCC:32 if it differs | track:8 | size:24 unless there is just one | payload | */
    private const int SequenceStart = 0;
    private const int CodedFrames = 1;
    private const int SequenceEnd = 2;
    private const int VideoCodedFramesX = 3;
    private const int AudioMultitrack = 5;
    private const int VideoMultitrack = 6;
    private const int ModEx = 7;
    private const int CommandFrame = 5;
    private const int ExtendedAudio = 9;
    private const int OneTrack = 0;
    private const int ManyTracksManyCodecs = 2;
    private const int MaxNanosecondOffset = 999_999;

    private readonly ReadOnlySpan<byte> _body;
    private readonly bool _isVideo;
    private int _at;
    private bool _isStarted;
    private bool _isOver;
    private bool _isMultitrack;
    private int _multitrackType;
    private int _packetType;
    private int _frameType;
    private int _nanosecondOffset;
    private uint _fourCc;

    private FlvTagBodyReader(ReadOnlySpan<byte> body, bool isVideo)
    {
        _body = body;
        _isVideo = isVideo;
    }

    /// <summary>Begins with a video tag's body.</summary>
    public static FlvTagBodyReader OfVideo(ReadOnlySpan<byte> body) => new(body, isVideo: true);

    /// <summary>Begins with an audio tag's body.</summary>
    public static FlvTagBodyReader OfAudio(ReadOnlySpan<byte> body) => new(body, isVideo: false);

    /// <summary>Takes the next packet. Packets before a malformed one are good.</summary>
    public FlvReadResult TryRead(out FlvPacket packet)
    {
        packet = default;
        if (_isOver)
        {
            return FlvReadResult.End;
        }

        if (!_isStarted)
        {
            _isStarted = true;
            if (_body.IsEmpty)
            {
                return Stop(FlvReadResult.End);
            }

            var isExtended = _isVideo ? (_body[0] & 0x80) != 0 : _body[0] >> 4 == ExtendedAudio;
            if (!isExtended)
            {
                _isOver = true;
                return _isVideo ? ReadClassicVideo(out packet) : ReadClassicAudio(out packet);
            }

            var result = ReadExtendedHeader(out packet);
            if (result is not null)
            {
                return Stop(result.Value);
            }
        }

        if (!_isMultitrack)
        {
            _isOver = true;
            return ReadPayload(trackIndex: 0, _body.Length, out packet);
        }

        return ReadTrack(out packet);
    }

    private FlvReadResult Stop(FlvReadResult result)
    {
        _isOver = true;
        return result;
    }

    private readonly FlvReadResult ReadClassicVideo(out FlvPacket packet)
    {
        packet = default;
        var frameType = _body[0] >> 4;
        var id = _body[0] & 0x0F;
        var (codec, name) = FlvCodecs.OfVideoId(id);
        if (frameType == CommandFrame)
        {
            packet = new FlvPacket { Type = FlvPacketType.Other, Codec = codec, CodecName = name };
            return FlvReadResult.Packet;
        }

        if (codec is null)
        {
            packet = new FlvPacket { Type = FlvPacketType.CodedFrame, CodecName = name, Offset = 1, Length = _body.Length - 1 };
            return FlvReadResult.Packet;
        }

        const int HeaderLength = 5;
        var type = _body.Length < 2 ? -1 : _body[1];
        if (type == SequenceEnd)
        {
            packet = new FlvPacket { Type = FlvPacketType.SequenceEnd, Codec = codec, CodecName = name }; // Its composition time may be missing.
            return FlvReadResult.Packet;
        }

        if (_body.Length < HeaderLength || type > SequenceEnd)
        {
            return FlvReadResult.Malformed;
        }

        packet = new FlvPacket
        {
            Type = type == SequenceStart ? FlvPacketType.SequenceStart : FlvPacketType.CodedFrame,
            Codec = codec,
            CodecName = name,
            IsKeyframe = IsKeyframeType(frameType),
            CompositionTimeMs = type == CodedFrames ? ReadInt24(_body[2..]) : 0,
            Offset = HeaderLength,
            Length = _body.Length - HeaderLength,
        };
        return FlvReadResult.Packet;
    }

    private readonly FlvReadResult ReadClassicAudio(out FlvPacket packet)
    {
        packet = default;
        var (codec, name) = FlvCodecs.OfSoundFormat(_body[0] >> 4);
        if (codec is null)
        {
            packet = new FlvPacket
            {
                Type = FlvPacketType.CodedFrame,
                CodecName = name,
                IsKeyframe = true,
                Offset = 1,
                Length = _body.Length - 1,
            };
            return FlvReadResult.Packet;
        }

        if (_body.Length < 2)
        {
            return FlvReadResult.End;
        }

        packet = new FlvPacket
        {
            Type = _body[1] switch
            {
                SequenceStart => FlvPacketType.SequenceStart,
                CodedFrames => FlvPacketType.CodedFrame,
                _ => FlvPacketType.Other,
            },
            Codec = codec,
            CodecName = name,
            IsKeyframe = true,
            Offset = 2,
            Length = _body.Length - 2,
        };
        return FlvReadResult.Packet;
    }

    /// <returns>Null when packets follow; otherwise the result of the tag.</returns>
    private FlvReadResult? ReadExtendedHeader(out FlvPacket packet)
    {
        packet = default;
        _frameType = _isVideo ? (_body[0] >> 4) & 7 : 0;
        _packetType = _body[0] & 0x0F;
        _at = 1;
        while (_packetType == ModEx)
        {
            if (!TryReadModifier())
            {
                return FlvReadResult.Malformed;
            }
        }

        const int VideoMetadata = 4;
        if (_isVideo && _frameType == CommandFrame && _packetType != VideoMetadata)
        {
            packet = new FlvPacket { Type = FlvPacketType.Other, CodecName = "" };
            return FlvReadResult.Packet;
        }

        _isMultitrack = _packetType == (_isVideo ? VideoMultitrack : AudioMultitrack);
        if (_isMultitrack)
        {
            if (_at >= _body.Length)
            {
                return FlvReadResult.Malformed;
            }

            _multitrackType = _body[_at] >> 4;
            _packetType = _body[_at] & 0x0F;
            _at++;
            if (_multitrackType > ManyTracksManyCodecs)
            {
                return FlvReadResult.Malformed;
            }

            if (_multitrackType == ManyTracksManyCodecs)
            {
                return null;
            }
        }

        return FlvCodecs.TryReadFourCc(_body, ref _at, out _fourCc) ? null : FlvReadResult.Malformed;
    }

    // | size - 1:8 | if that is 255: size - 1:16 | data | modifier type:4 | packet type:4 |
    private bool TryReadModifier()
    {
        if (_at >= _body.Length)
        {
            return false;
        }

        var size = _body[_at++] + 1;
        if (size == 256)
        {
            if (_body.Length - _at < 2)
            {
                return false;
            }

            size = (_body[_at] << 8) + _body[_at + 1] + 1;
            _at += 2;
        }

        if (_body.Length - _at < size + 1)
        {
            return false;
        }

        var data = _body.Slice(_at, size);
        _at += size;
        var modifier = _body[_at] >> 4;
        _packetType = _body[_at] & 0x0F;
        _at++;

        const int TimestampOffsetNano = 0;
        if (modifier == TimestampOffsetNano && data.Length >= 3)
        {
            _nanosecondOffset = Math.Min(ReadUInt24(data), MaxNanosecondOffset);
        }

        return true;
    }

    private FlvReadResult ReadTrack(out FlvPacket packet)
    {
        packet = default;
        if (_at >= _body.Length)
        {
            return Stop(FlvReadResult.End);
        }

        if (_multitrackType == ManyTracksManyCodecs && !FlvCodecs.TryReadFourCc(_body, ref _at, out _fourCc))
        {
            return Stop(FlvReadResult.Malformed);
        }

        var hasSize = _multitrackType != OneTrack;
        if (_body.Length - _at < (hasSize ? 4 : 1))
        {
            return Stop(FlvReadResult.Malformed);
        }

        var trackIndex = _body[_at++];
        var end = _body.Length;
        if (hasSize)
        {
            var size = ReadUInt24(_body[_at..]);
            _at += 3;
            if (size > _body.Length - _at)
            {
                return Stop(FlvReadResult.Malformed);
            }

            end = _at + size;
        }

        var result = ReadPayload(trackIndex, end, out packet);
        _at = end;
        return result is FlvReadResult.Malformed ? Stop(result) : result;
    }

    private FlvReadResult ReadPayload(int trackIndex, int end, out FlvPacket packet)
    {
        var (codec, name) = _isVideo ? FlvCodecs.OfVideoFourCc(_fourCc) : FlvCodecs.OfAudioFourCc(_fourCc);
        var type = _packetType switch
        {
            SequenceStart => FlvPacketType.SequenceStart,
            CodedFrames => FlvPacketType.CodedFrame,
            SequenceEnd => FlvPacketType.SequenceEnd,
            VideoCodedFramesX when _isVideo => FlvPacketType.CodedFrame,
            _ => FlvPacketType.Other,
        };

        var compositionTimeMs = 0;
        if (_isVideo && _packetType == CodedFrames && codec is Codec.H264 or Codec.H265)
        {
            if (end - _at < 3)
            {
                packet = default;
                return FlvReadResult.Malformed;
            }

            compositionTimeMs = ReadInt24(_body[_at..]);
            _at += 3;
        }

        packet = new FlvPacket
        {
            Type = type,
            Codec = codec,
            CodecName = name,
            TrackIndex = trackIndex,
            IsKeyframe = !_isVideo || IsKeyframeType(_frameType),
            CompositionTimeMs = compositionTimeMs,
            NanosecondOffset = _nanosecondOffset,
            Offset = _at,
            Length = end - _at,
        };
        return FlvReadResult.Packet;
    }

    // 4 is a keyframe that a server made.
    private static bool IsKeyframeType(int frameType) => frameType is 1 or 4;

    private static int ReadUInt24(ReadOnlySpan<byte> bytes) => (bytes[0] << 16) | (bytes[1] << 8) | bytes[2];

    private static int ReadInt24(ReadOnlySpan<byte> bytes) => (ReadUInt24(bytes) << 8) >> 8;
}
