using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Sfu.Codecs;

namespace Roomcast.Sfu.Tests.Consumers;

public sealed class Vp8ContinuityTests
{
    [Fact]
    public void Counts_go_on_by_one_at_each_switch_and_wrap_as_they_should()
    {
        var continuity = new Vp8Continuity();
        Assert.Equal((32_766, 254), Map(continuity, 32_766, 254, isSwitch: true));
        Assert.Equal((32_767, 255), Map(continuity, 32_767, 255));
        Assert.Equal((0, 0), Map(continuity, 0, 0));
        Assert.Equal((1, 1), Map(continuity, 500, 77, isSwitch: true));
        Assert.Equal((3, 1), Map(continuity, 502, 77)); // A frame is lost: the receiver is to see it.
        Assert.Equal((2, 1), Map(continuity, 501, 77)); // And late.
        Assert.Equal((4, 2), Map(continuity, 20, 3, isSwitch: true));
    }

    [Fact]
    public void Frames_that_are_left_out_leave_no_holes_and_late_ones_keep_their_places()
    {
        var continuity = new Vp8Continuity();
        Assert.Equal((32_765, 10), Map(continuity, 32_765, 10, isSwitch: true));
        Drop(continuity, 32_766);
        Drop(continuity, 32_766); // Its second packet.
        Drop(continuity, 32_767);
        Assert.Equal((32_766, 11), Map(continuity, 0, 11));
        Drop(continuity, 1);
        Assert.Equal((0, 12), Map(continuity, 3, 12)); // 2 is lost, and the receiver is to see it.
        Assert.Equal((32_767, 11), Map(continuity, 2, 11)); // It comes after all.
        Assert.Equal((32_765, 10), Map(continuity, 32_765, 10)); // As does another packet of the first.
        Drop(continuity, 2); // Nothing is taken out of the past.
        Assert.Equal((1, 13), Map(continuity, 4, 13));
        Assert.Equal((2, 14), Map(continuity, 900, 200, isSwitch: true));
        Assert.Equal((3, 15), Map(continuity, 901, 201));
    }

    [Fact]
    public void Every_second_frame_can_be_left_out_for_long()
    {
        var continuity = new Vp8Continuity();
        Map(continuity, 0, 0, isSwitch: true);
        for (var frame = 1; frame < 100_000; frame++)
        {
            if (frame % 2 == 1)
            {
                Drop(continuity, frame & 0x7FFF);
            }
            else
            {
                Assert.Equal(((frame / 2) & 0x7FFF, frame & 0xFF), Map(continuity, frame & 0x7FFF, (byte)frame));
            }
        }
    }

    private static void Drop(Vp8Continuity continuity, int pictureId)
    {
        byte[] payload = [0x90, 0xE0, (byte)(0x80 | (pictureId >> 8)), (byte)pictureId, 0, 0, 1];
        Assert.True(Vp8PayloadDescriptor.TryRead(payload, out var descriptor));
        continuity.Drop(descriptor);
    }

    private static (int PictureId, int Tl0) Map(Vp8Continuity continuity, int pictureId, byte tl0, bool isSwitch = false)
    {
        byte[] payload = [0x90, 0xE0, (byte)(0x80 | (pictureId >> 8)), (byte)pictureId, tl0, 0, 1];
        Assert.True(Vp8PayloadDescriptor.TryRead(payload, out var descriptor));
        var (mapped, mappedTl0) = continuity.Map(descriptor, isSwitch);
        return (mapped, mappedTl0);
    }
}
