using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class OpusConfigurationFuzz
{
    [Fact]
    public void No_OpusHead_breaks_the_reader() =>
        FuzzRun.Of("OpusHead", [CodecSamples.OpusStereo, [.. "OpusHead"u8, .. CodecSamples.OpusStereo], [1, 6, 0x38, 1, 0x80, 0xBB, 0, 0, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5]], bytes => ConfigurationCheck.Of(Codec.Opus, bytes));
}
