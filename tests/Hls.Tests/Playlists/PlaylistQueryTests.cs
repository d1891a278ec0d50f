using Roomcast.Hls.Playlists;

namespace Roomcast.Hls.Tests.Playlists;

public sealed class PlaylistQueryTests
{
    [Theory]
    [InlineData("")]
    [InlineData("?")]
    [InlineData("?a=1&b")]
    [InlineData("?_HLS_unknown=5&_HLS_report=x")]
    [InlineData("?_HLS_skip=NO")]
    [InlineData("?&&=&")]
    public void What_we_do_not_know_is_passed_over(string text)
    {
        Assert.Null(PlaylistQuery.TryParse(text, out var query));
        Assert.Equal(default, query);
        Assert.False(query.HasDirectives);
    }

    [Theory]
    [InlineData("?_HLS_msn=7", 7L, null, false)]
    [InlineData("_HLS_msn=7&_HLS_part=2", 7L, 2, false)]
    [InlineData("?_HLS_part=0&_HLS_msn=0", 0L, 0, false)]
    [InlineData("?x=1&_HLS_msn=12&_HLS_skip=YES&y=2", 12L, null, true)]
    [InlineData("?_HLS_skip=v2", null, null, true)]
    [InlineData("?_HLS_msn=000000000000000007&_HLS_part=99999999999", 7L, int.MaxValue, false)]
    public void Directives_are_read_in_any_order(string text, long? msn, int? part, bool wantsDelta)
    {
        Assert.Null(PlaylistQuery.TryParse(text, out var query));
        Assert.Equal(new PlaylistQuery(msn, part, wantsDelta), query);
        Assert.True(query.HasDirectives);
    }

    [Theory]
    [InlineData("?_HLS_part=1")]
    [InlineData("?_HLS_msn=")]
    [InlineData("?_HLS_msn=-1")]
    [InlineData("?_HLS_msn=+1")]
    [InlineData("?_HLS_msn= 1")]
    [InlineData("?_HLS_msn=1.5")]
    [InlineData("?_HLS_msn=0x10")]
    [InlineData("?_HLS_msn=%31")]
    [InlineData("?_HLS_msn=9999999999999999999")]
    [InlineData("?_HLS_msn=1&_HLS_part=a")]
    [InlineData("?_HLS_msn=1&_HLS_part=-1")]
    [InlineData("?_HLS_msn=1&_HLS_msn=1")]
    [InlineData("?_HLS_msn=1&_HLS_part=1&_HLS_part=1")]
    public void Malformed_directives_are_refused_with_a_reason(string text)
    {
        var fault = PlaylistQuery.TryParse(text, out var query);
        Assert.EndsWith(".", fault, StringComparison.Ordinal);
        Assert.Equal(default, query);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("?_HLS_msn=3&_hls_part=1", "")]
    [InlineData("?viewer=beacon", "")]
    [InlineData("?token=abc&viewer=beacon&_HLS_skip=YES&x=1", "?token=abc&x=1")]
    [InlineData("?a&b=", "?a&b")]
    [InlineData("?q=%22x%22&r=a+b", "?q=%22x%22&r=a+b")]
    [InlineData("?q=\"\n#EXT<>", "?q=%22%0A%23EXT%3C%3E")]
    [InlineData("?q=ä", "?q=%C3%A4")]
    public void Parameters_that_are_not_ours_are_carried_on(string text, string expected) =>
        Assert.Equal(expected, PlaylistQuery.Carry(text, "viewer"));

    [Fact]
    public void Too_many_parameters_are_left_out_whole() =>
        Assert.Equal("", PlaylistQuery.Carry("?a=" + new string('x', 2_000), "viewer"));

    [Fact]
    public void A_parameter_is_found_by_its_exact_value()
    {
        Assert.True(PlaylistQuery.Has("?x=1&viewer=beacon", "viewer", "beacon"));
        Assert.False(PlaylistQuery.Has("?viewer=beacons", "viewer", "beacon"));
        Assert.False(PlaylistQuery.Has("?viewers=beacon", "viewer", "beacon"));
    }

    [Theory]
    [InlineData("tag-12.m4s", MediaKind.Segment, 12L, 0)]
    [InlineData("tag-12.3.m4s", MediaKind.Part, 12L, 3)]
    [InlineData("tag-init4.mp4", MediaKind.Init, 4L, 0)]
    public void Media_names_are_read_as_they_are_written(string text, object kind, long number, int part)
    {
        Assert.True(MediaName.TryParse(text, "tag", out var name));
        Assert.Equal(new MediaName((MediaKind)kind, number, part), name);
        Assert.Equal(text, name.ToString("tag"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("tag")]
    [InlineData("tag-")]
    [InlineData("tag-.m4s")]
    [InlineData("tag-1")]
    [InlineData("tag-01.m4s")]
    [InlineData("tag-1.01.m4s")]
    [InlineData("tag-1.2.3.m4s")]
    [InlineData("tag--1.m4s")]
    [InlineData("tag-init.mp4")]
    [InlineData("tag-init1.m4s")]
    [InlineData("TAG-1.m4s")]
    [InlineData("other-1.m4s")]
    [InlineData("tag-1.99999999999.m4s")]
    [InlineData("tag-9999999999999999999.m4s")]
    public void Other_names_are_none_of_ours(string text) => Assert.False(MediaName.TryParse(text, "tag", out _));
}
