using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class AacConfigurationFuzz
{
    [Fact]
    public void No_AudioSpecificConfig_breaks_the_reader() =>
        FuzzRun.Of("AudioSpecificConfig", [CodecSamples.AacLowComplexity, [0x12, 0x10], [0x2B, 0x11, 0x88, 0, 0], [0x13, 0x10, 0x56, 0xE5, 0x9D, 0x48, 0x80], [0x11, 0x80, 0x04, 0xC4, 0x04, 0, 0x20, 0x40, 0, 0]], bytes => ConfigurationCheck.Of(Codec.Aac, bytes));
}
