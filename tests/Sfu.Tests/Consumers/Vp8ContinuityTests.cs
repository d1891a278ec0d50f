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

    private static (int PictureId, int Tl0) Map(Vp8Continuity continuity, int pictureId, byte tl0, bool isSwitch = false)
    {
        byte[] payload = [0x90, 0xE0, (byte)(0x80 | (pictureId >> 8)), (byte)pictureId, tl0, 0, 1];
        Assert.True(Vp8PayloadDescriptor.TryRead(payload, out var descriptor));
        var (mapped, mappedTl0) = continuity.Map(descriptor, isSwitch);
        return (mapped, mappedTl0);
    }
}
