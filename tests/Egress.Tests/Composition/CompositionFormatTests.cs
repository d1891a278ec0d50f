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
}
