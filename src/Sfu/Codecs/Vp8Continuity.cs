using Roomcast.Rtc.Rtp.Vp8;

namespace Roomcast.Sfu.Codecs;

/// <summary>Makes the picture ids and base layer counts of several encodings look like those of one.</summary>
/// <remarks>
/// Each encoding counts for itself. A decoder takes a jump in the counts for lost frames and asks for a keyframe, so
/// at a switch, which happens at a keyframe, the counts go on by one. Not thread-safe; one per consumer.
/// </remarks>
internal sealed class Vp8Continuity
{
    private const int PictureIdMask = 0x7FFF;

    private int _pictureIdOffset;
    private int _tl0Offset;
    private int _lastPictureId = -1;
    private int _lastTl0 = -1;

    /// <summary>Maps the counts of a packet.</summary>
    /// <param name="descriptor">Of the packet as it came.</param>
    /// <param name="isSwitch">Whether it is the first of another encoding.</param>
    public (ushort PictureId, byte Tl0PictureIndex) Map(in Vp8PayloadDescriptor descriptor, bool isSwitch)
    {
        if (isSwitch)
        {
            _pictureIdOffset = _lastPictureId < 0 ? 0 : _lastPictureId + 1 - descriptor.PictureId;
            _tl0Offset = _lastTl0 < 0 ? 0 : _lastTl0 + 1 - descriptor.Tl0PictureIndex;
        }

        var pictureId = (descriptor.PictureId + _pictureIdOffset) & PictureIdMask;
        var tl0 = (byte)(descriptor.Tl0PictureIndex + _tl0Offset);

        // The newest counts, as packets may come late: half the range ahead is newer.
        if (_lastPictureId < 0 || ((pictureId - _lastPictureId) & PictureIdMask) < 0x4000)
        {
            _lastPictureId = pictureId;
            _lastTl0 = tl0;
        }

        return ((ushort)pictureId, tl0);
    }
}
