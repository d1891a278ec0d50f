using Roomcast.Egress.Worker.Native;
using Roomcast.Egress.Worker.Tests.Media;

namespace Roomcast.Egress.Worker.Tests.Native;

public sealed class CodecLibrariesTests
{
    [Fact]
    public void The_installed_ones_are_laid_out_as_expected()
    {
        CodecLibraries.Need();
        Assert.InRange(AvLayout.FrameChannelLayout, 144, 456);
        Assert.InRange(AvLayout.ParametersFormat, 24, 60);
        using var frame = AvFrame.OfPicture(318, 178);
        Assert.Equal((318, 178, LibAvUtil.Yuv420), (frame.Width, frame.Height, frame.Format));
    }

    [Theory]
    [InlineData("none", 63)]
    [InlineData("libavcodec.so.63", 62)]
    public void The_newest_set_is_taken(string missing, int major) =>
        Assert.Equal(major, CodecLibraries.Find(file => file == missing ? 0 : 1).AvCodecMajor);

    [Fact]
    public void Without_codecs_composing_is_refused_with_what_to_install()
    {
        var fault = Assert.Throws<CodecLibraryException>(() => CodecLibraries.Find(static _ => 0));
        Assert.Contains("apt-get install libavcodec59 libavutil57 libswscale6 libswresample4", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("libavutil.so.59", "libavutil59")]
    [InlineData("libswscale.so.8", "libswscale8")]
    [InlineData("libopus.so.0", "libopus0")]
    [InlineData("libfreetype.so.6", "libfreetype6")]
    public void One_that_is_missing_is_named_and_never_taken_from_another_set(string missing, string package)
    {
        var fault = Assert.Throws<CodecLibraryException>(() => CodecLibraries.Find(file =>
            file == missing || file is "libavcodec.so.63" or "libavcodec.so.62" ? 0 : 1));
        Assert.Contains($"apt-get install {package}.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_codec_or_an_option_that_does_not_exist_is_a_clear_fault()
    {
        CodecLibraries.Need();
        Assert.Contains("libx299", Assert.Throws<CodecLibraryException>(static () => AvCodecContext.OpenEncoder("libx299", [])).Message, StringComparison.Ordinal);
        Assert.Contains("vp8", Assert.Throws<CodecLibraryException>(static () => AvCodecContext.OpenDecoder("vp8", [("nothing", "1")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_font_is_refused() =>
        Assert.Throws<CodecLibraryException>(static () =>
        {
            CodecLibraries.Need();
            FontFace.Open("/proc/self/status").Dispose();
        });

    [Fact]
    public void Redundancy_is_seen_in_packets_that_have_it()
    {
        // Voice with redundancy asked for has it once it speaks; sound that is no voice, and what is no packet, never.
        using var voice = new SoundSource(static seconds => 0.4 * Math.Sin(2 * Math.PI * 150 * seconds) * (0.5 + (0.5 * Math.Sin(2 * Math.PI * 4 * seconds))), isVoice: true);
        Assert.Contains(Enumerable.Range(0, 100).Select(_ => voice.Encode()), static packet => OpusVoice.HasRedundancy(packet));
        using var music = new SoundSource(SoundSource.Tone(1_000, 0.5));
        Assert.DoesNotContain(Enumerable.Range(0, 100).Select(_ => music.Encode()), static packet => OpusVoice.HasRedundancy(packet));
        Assert.False(OpusVoice.HasRedundancy([]));
        Assert.False(OpusVoice.HasRedundancy([0x0A]));
        Assert.False(OpusVoice.HasRedundancy([0x0A, 0xFF]));
    }
}
