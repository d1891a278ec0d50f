using FsCheck;
using FsCheck.Fluent;
using Roomcast.Server.Configuration;

namespace Roomcast.Server.Tests.Configuration;

public class SettingTypesTests
{
    private enum Shape
    {
        Round,
        NotSquare,
    }

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("2s", 2)]
    [InlineData("1.5s", 1.5)]
    [InlineData("5m", 300)]
    [InlineData("1h", 3_600)]
    [InlineData("2d", 172_800)]
    [InlineData("0s", 0)]
    public void A_duration_is_a_number_and_a_unit(string text, double seconds)
    {
        Assert.True(SettingTypes.TryParseDuration(text, out var value));
        Assert.Equal(seconds, value.TotalSeconds, precision: 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("5")]
    [InlineData("5 s")]
    [InlineData("-5s")]
    [InlineData("+5s")]
    [InlineData("5sec")]
    [InlineData(".5s")]
    [InlineData("5.s")]
    [InlineData("1,5s")]
    [InlineData("1e3s")]
    [InlineData("NaNs")]
    [InlineData("99999999999999999999d")]
    public void A_duration_without_a_plain_number_and_a_known_unit_is_refused(string text) =>
        Assert.False(SettingTypes.TryParseDuration(text, out _));

    [Theory]
    [InlineData("1B", 1)]
    [InlineData("64MiB", 64L << 20)]
    [InlineData("0.5KiB", 512)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("3kB", 3_000)]
    [InlineData("1TB", 1_000_000_000_000)]
    public void A_size_is_a_number_and_a_unit(string text, long bytes)
    {
        Assert.True(SettingTypes.TryParseSize(text, out var value));
        Assert.Equal(bytes, value);
    }

    [Theory]
    [InlineData("64")]
    [InlineData("64M")]
    [InlineData("64mib")]
    [InlineData("MiB")]
    [InlineData("-1MiB")]
    [InlineData("99999999999TiB")]
    public void A_size_without_a_plain_number_and_a_known_unit_is_refused(string text) =>
        Assert.False(SettingTypes.TryParseSize(text, out _));

    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), number =>
        {
            var milliseconds = TimeSpan.FromMilliseconds(Math.Abs((long)number));
            var bytes = Math.Abs((long)number) * 1_024;
            return SettingTypes.TryParseDuration(SettingTypes.Format(milliseconds), out var duration) && duration == milliseconds
                && SettingTypes.TryParseSize(SettingTypes.FormatSize(bytes), out var size) && size == bytes;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_range_holds_at_both_ends()
    {
        var type = SettingTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));

        Assert.True(type.TryParse("1s", out _));
        Assert.True(type.TryParse("10s", out _));
        Assert.False(type.TryParse("999ms", out _));
        Assert.False(type.TryParse("10001ms", out _));
    }

    [Theory]
    [InlineData("0", true)]
    [InlineData("65535", true)]
    [InlineData("65536", false)]
    [InlineData("-1", false)]
    [InlineData("80a", false)]
    [InlineData(" 80", false)]
    [InlineData("0x50", false)]
    [InlineData("", false)]
    public void A_port_is_a_whole_number_up_to_65535(string text, bool isAllowed) => Assert.Equal(isAllowed, SettingTypes.Port.TryParse(text, out _));

    [Theory]
    [InlineData("live.example.org", true)]
    [InlineData("LIVE", true)]
    [InlineData("192.0.2.7", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("https://live.example.org", false)]
    [InlineData("live.example.org:8080", false)]
    [InlineData("live.example.org/x", false)]
    [InlineData("-live", false)]
    [InlineData("live..org", false)]
    [InlineData("", false)]
    public void A_host_has_no_scheme_port_or_path(string text, bool isAllowed) => Assert.Equal(isAllowed, SettingTypes.Host.TryParse(text, out _));

    [Theory]
    [InlineData("https://collector:4318", true)]
    [InlineData("http://127.0.0.1:4317/x", true)]
    [InlineData("ftp://collector", false)]
    [InlineData("collector:4317", false)]
    [InlineData("/path", false)]
    public void A_url_is_absolute_and_of_http(string text, bool isAllowed) => Assert.Equal(isAllowed, SettingTypes.HttpUrl.TryParse(text, out _));

    [Fact]
    public void A_choice_is_written_in_lower_case_with_underscores()
    {
        var type = SettingTypes.Choice<Shape>();

        Assert.Equal("round or not_square", type.Allowed);
        Assert.True(type.TryParse("NOT_SQUARE", out var value));
        Assert.Equal(Shape.NotSquare, value);
        Assert.False(type.TryParse("notsquare", out _));
        Assert.False(type.TryParse("1", out _));
    }
}
