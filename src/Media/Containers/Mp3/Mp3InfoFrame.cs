using System.Buffers.Binary;

namespace Roomcast.Media.Containers.Mp3;

/// <summary>The first frame of an MP3 file, silent, by which players know how long the file is, where to seek, and what to leave out.</summary>
/// <remarks>
/// The frame is one of MPEG-1 Layer III (ISO/IEC 11172-3) whose main data is the description that encoders have written since Xing:
/// frames, bytes, a hundred places, and behind it LAME's, of which the encoder's delay and padding are filled in. "Info" says that
/// every frame has the same bitrate.
/// </remarks>
public static class Mp3InfoFrame
{
    private const int HeaderLength = 4;
    private const int StereoSideLength = 32;
    private const int MonoSideLength = 17;
    private const int Places = 100;
    private const uint HasEverything = 15;
    private const int MaxTrim = 0xFFF;

    // What a decoder of Layer III itself is late by; the encoder's delay in the frame does not count it.
    private const int DecoderDelay = 529;
    private const int DelayAt = 21;

    /// <summary>Makes the frame.</summary>
    /// <param name="frameHeader">The four bytes that the file's frames begin with: MPEG-1, Layer III.</param>
    /// <param name="frameLength">Bytes of each of the file's frames, all of one length.</param>
    /// <param name="frames">How many of them follow.</param>
    /// <param name="bytes">Bytes of them.</param>
    /// <param name="leading">Samples that a decoder puts out before the first that counts.</param>
    /// <param name="trailing">Samples behind the last that counts.</param>
    /// <returns>The frame, of <paramref name="frameLength"/> bytes.</returns>
    /// <exception cref="ArgumentException">The frames are too short to hold it, or none of MPEG-1 Layer III.</exception>
    public static byte[] Make(ReadOnlySpan<byte> frameHeader, int frameLength, long frames, long bytes, int leading, int trailing)
    {
        // | sync:11 | version:2 = 3 | layer:2 = 1 | no checksum:1 | bitrate:4 | rate:2 | padding:1 | private:1 | mode:2 | … |
        if (frameHeader.Length < HeaderLength || frameHeader[0] != 0xFF || (frameHeader[1] & 0xFE) != 0xFA)
        {
            throw new ArgumentException("It is no header of MPEG-1 Layer III.", nameof(frameHeader));
        }

        var isMono = frameHeader[3] >> 6 == 3;
        var start = HeaderLength + (isMono ? MonoSideLength : StereoSideLength);
        var lame = start + 16 + Places + sizeof(uint);
        ArgumentOutOfRangeException.ThrowIfLessThan(frameLength, lame + DelayAt + 3 + 12);
        var frame = new byte[frameLength];
        frameHeader[..HeaderLength].CopyTo(frame);
        frame[1] |= 1; // no checksum
        frame[2] &= 0xFD; // no padding
        "Info"u8.CopyTo(frame.AsSpan(start));
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(start + 4), HasEverything);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(start + 8), (uint)Math.Min(frames, uint.MaxValue));
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(start + 12), (uint)Math.Min(bytes + frameLength, uint.MaxValue));
        for (var i = 0; i < Places; i++)
        {
            frame[start + 16 + i] = (byte)(i * 256 / Places);
        }

        "LAME"u8.CopyTo(frame.AsSpan(lame));
        var delay = Math.Clamp(leading - DecoderDelay, 0, MaxTrim);
        var padding = Math.Clamp(trailing + DecoderDelay, 0, MaxTrim);
        frame[lame + DelayAt] = (byte)(delay >> 4);
        frame[lame + DelayAt + 1] = (byte)((delay << 4) | (padding >> 8));
        frame[lame + DelayAt + 2] = (byte)padding;
        return frame;
    }
}
