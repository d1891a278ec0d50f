using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class Av1ConfigurationFuzz
{
    [Fact]
    public void No_av1C_breaks_the_reader() =>
        FuzzRun.Of("av1C", [CodecSamples.Av1Main, CodecSamples.Av1HighDynamicRange], bytes => ConfigurationCheck.Of(Codec.Av1, bytes));
}
