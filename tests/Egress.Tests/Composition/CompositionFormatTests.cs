using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Tests.Composition;

public sealed class CompositionFormatTests
{
    [Fact]
    public void What_is_the_default_is_allowed() => new CompositionFormat().Check();

    [Fact]
    public void What_is_out_of_range_is_refused_with_the_range()
    {
        CompositionFormat[] wrong =
        [
            new() { Width = 1_921 },
            new() { Width = 641 },
            new() { Height = 126 },
            new() { FrameRate = 9 },
            new() { FrameRate = 61 },
            new() { VideoBitrateBps = 0 },
            new() { KeyframeInterval = TimeSpan.Zero },
            new() { AudioBitrateBps = 1 },
        ];
        foreach (var format in wrong)
        {
            var fault = Assert.Throws<ArgumentOutOfRangeException>(format.Check);
            Assert.Contains($"{fault.ParamName} is ", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(1_280, 720, 3_000_000)]
    [InlineData(1_920, 1_080, 6_750_000)]
    [InlineData(720, 1_280, 3_000_000)]
    [InlineData(128, 128, 200_000)]
    public void A_size_gets_the_configured_bitrate_by_its_pixels(int width, int height, int bitrate)
    {
        var format = new CompositionOptions { BitrateBps = 3_000_000, FrameRate = 25 }.FormatOf(width, height);
        format.Check();
        Assert.Equal((width, height, 25, bitrate), (format.Width, format.Height, format.FrameRate, format.VideoBitrateBps));
        new CompositionOptions { BitrateBps = 20_000_000 }.FormatOf(1_920, 1_920).Check();
    }

    [Theory]
    [InlineData(1, 128)]
    [InlineData(127, 128)]
    [InlineData(640, 640)]
    [InlineData(641, 642)]
    [InlineData(1_919, 1_920)]
    [InlineData(int.MaxValue, 1_920)]
    public void A_side_becomes_the_next_there_can_be(int wanted, int side) => Assert.Equal(side, CompositionFormat.SideOf(wanted));
}
