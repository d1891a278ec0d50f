using Roomcast.Livestreams.Delivery;

namespace Roomcast.Livestreams.Tests.Delivery;

public sealed class DeliveryOptionsTests
{
    [Fact]
    public void Wrong_bounds_are_all_named()
    {
        var result = new DeliveryOptionsValidator().Validate(
            null, new DeliveryOptions { MaxHeld = 0, MaxHeldPerLivestream = 2_000_000, MaxHeldPerAddress = -1, SegmentFolder = "relative/folder", MinFreeBytes = -1 });
        Assert.Equal(5, result.Failures!.Count());
        Assert.True(new DeliveryOptionsValidator().Validate(null, new DeliveryOptions()).Succeeded);
        Assert.True(new HlsOptionsValidator().Validate(null, new Hls.HlsOptions { Window = TimeSpan.Zero }).Failed);
    }
}
