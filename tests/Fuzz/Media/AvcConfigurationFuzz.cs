using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class AvcConfigurationFuzz
{
    [Fact]
    public void No_avcC_breaks_the_reader() =>
        FuzzRun.Of("avcC", CodecSamples.AllAvc, bytes => ConfigurationCheck.Of(Codec.H264, bytes));
}
