using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class HevcConfigurationFuzz
{
    [Fact]
    public void No_hvcC_breaks_the_reader() =>
        FuzzRun.Of("hvcC", CodecSamples.AllHevc, bytes => ConfigurationCheck.Of(Codec.H265, bytes));
}
