using Roomcast.Rtc.Rtp.Vp8;

namespace Roomcast.Sfu.Codecs;

/// <summary>Makes the picture ids and base layer counts of several encodings, or of some layers of one, look like those of one.</summary>
/// <remarks>
/// Each encoding counts for itself. A decoder takes a jump in the counts for lost frames and asks for a keyframe, so
/// at a switch, which happens at a keyframe, the counts go on by one. Frames of temporal layers that are left out are taken out of
/// the picture ids, since a decoder that misses one holds back the frames behind it; the count of base layer frames is not touched
/// by them. Not thread-safe; one per consumer.
/// </remarks>
internal sealed class Vp8Continuity
{
    private const int PictureIdMask = 0x7FFF;
    private const int HalfPictureIds = 0x4000;

    // A frame in two may be left out, and packets come late by a second at most.
    private const int MaxSteps = 64;

    private readonly Step[] _steps = new Step[MaxSteps];
    private int _count;
    private long _newest;
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
            _count = 0;
            _newest = descriptor.PictureId;
            Push(new Step(_newest - HalfPictureIds, _lastPictureId < 0 ? 0 : _lastPictureId + 1 - descriptor.PictureId));
            _tl0Offset = _lastTl0 < 0 ? 0 : _lastTl0 + 1 - descriptor.Tl0PictureIndex;
        }

        var full = Unwrap(descriptor.PictureId);
        _newest = Math.Max(_newest, full);
        var pictureId = (int)(full + OffsetAt(full)) & PictureIdMask;
        var tl0 = (byte)(descriptor.Tl0PictureIndex + _tl0Offset);

        // The newest counts, as packets may come late: half the range ahead is newer.
        if (_lastPictureId < 0 || ((pictureId - _lastPictureId) & PictureIdMask) < HalfPictureIds)
        {
            _lastPictureId = pictureId;
            _lastTl0 = tl0;
        }

        return ((ushort)pictureId, tl0);
    }

    /// <summary>Takes a frame out of the picture ids, with the first of its packets; the others change nothing.</summary>
    public void Drop(in Vp8PayloadDescriptor descriptor)
    {
        var full = Unwrap(descriptor.PictureId);
        if (_count > 0 && full > _newest)
        {
            // What is missing in front of it keeps its ids.
            _newest = full;
            Push(new Step(full + 1, _steps[_count - 1].Offset - 1));
        }
    }

    private long Unwrap(ushort pictureId)
    {
        var step = (pictureId - (int)(_newest & PictureIdMask)) & PictureIdMask;
        return _newest + (step < HalfPictureIds ? step : step - PictureIdMask - 1);
    }

    private long OffsetAt(long full)
    {
        for (var i = _count - 1; i > 0; i--)
        {
            if (full >= _steps[i].From)
            {
                return _steps[i].Offset;
            }
        }

        return _count > 0 ? _steps[0].Offset : 0;
    }

    private void Push(Step step)
    {
        if (_count > 1 && _steps[_count - 1].From == step.From - 1)
        {
            _steps[_count - 1] = step;
            return;
        }

        if (_count == MaxSteps)
        {
            Array.Copy(_steps, 1, _steps, 0, MaxSteps - 1);
            _count--;
        }

        _steps[_count++] = step;
    }

    /// <summary>From this picture id of the source on, without wraps, this is added.</summary>
    private readonly record struct Step(long From, long Offset);
}
