using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;

namespace Roomcast.Livestreams.Tests.Viewers;

public sealed class ViewerTokensTests
{
    private static readonly LivestreamId One = new(Guid.NewGuid());
    private static readonly LivestreamId Other = new(Guid.NewGuid());

    private readonly ViewerTokens _tokens = new("0123456789abcdef0123456789abcdef"u8);

    [Fact]
    public void Ids_are_ours_for_their_livestream_alone()
    {
        var id = _tokens.NewViewerId(One);

        Assert.Matches("^[A-Za-z0-9_-]{32}$", id);
        Assert.True(_tokens.IsViewerId(One, id));
        Assert.False(_tokens.IsViewerId(Other, id));
        Assert.False(new ViewerTokens(new byte[32]).IsViewerId(One, id));
        Assert.NotEqual(id, _tokens.NewViewerId(One));
    }

    [Fact]
    public void Any_changed_character_makes_an_id_foreign()
    {
        var id = _tokens.NewViewerId(One);
        for (var i = 0; i < id.Length; i++)
        {
            var changed = id.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            Assert.False(_tokens.IsViewerId(One, new string(changed)));
        }

        foreach (var bad in (string?[])[null, "", " ", id + "A", id[1..], id + "=", id.Insert(3, "\n")[..32], new string('%', 32)])
        {
            Assert.False(_tokens.IsViewerId(One, bad));
            Assert.Null(bad is null ? null : _tokens.HeartbeatTokenOf(One, bad));
        }
    }

    [Fact]
    public void Heartbeat_tokens_belong_to_one_viewer_of_one_livestream()
    {
        var id = _tokens.NewViewerId(One);
        var token = _tokens.HeartbeatTokenOf(One, id)!;

        Assert.True(_tokens.IsHeartbeatToken(One, id, token));
        Assert.False(_tokens.IsHeartbeatToken(One, _tokens.NewViewerId(One), token));
        Assert.False(_tokens.IsHeartbeatToken(Other, id, token));
        foreach (var bad in (string?[])[null, "", token[1..], token + "A", "A" + token[1..], new string('!', 22)])
        {
            Assert.Equal(bad == token, _tokens.IsHeartbeatToken(One, id, bad));
        }
    }

    [Fact]
    public void Ids_live_through_a_restart_with_the_same_key()
    {
        var id = _tokens.NewViewerId(One);
        var token = _tokens.HeartbeatTokenOf(One, id);
        var restarted = new ViewerTokens("0123456789abcdef0123456789abcdef"u8);

        Assert.True(restarted.IsHeartbeatToken(One, id, token));
    }

    [Theory]
    [InlineData("AppleCoreMedia/1.0.0.21F79 (iPhone; U; CPU OS 17_5 like Mac OS X; en_us)", "AVPlayer")]
    [InlineData("VLC/3.0.18 LibVLC/3.0.18", "VLC")]
    [InlineData("Lavf/59.27.100", "FFmpeg")]
    [InlineData("App/1.0 (Linux;Android 14) ExoPlayerLib/2.19.1", "ExoPlayer")]
    [InlineData("App/1.0 (Linux;Android 14) AndroidXMedia3/1.4.0", "ExoPlayer")]
    [InlineData("mpv 0.35.1", "mpv")]
    [InlineData("GStreamer souphttpsrc 1.22.0 libsoup/3.2.2", "GStreamer")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36", "Chrome")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36 Edg/128.0", "Edge")]
    [InlineData("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", "Safari")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox")]
    [InlineData("curl/7.88.1", "other")]
    [InlineData(null, "other")]
    public void Players_are_known_by_their_user_agent(string? userAgent, string family) =>
        Assert.Equal(family, PlayerFamily.OfUserAgent(userAgent));
}
