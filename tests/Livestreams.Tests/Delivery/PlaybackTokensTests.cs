using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Tests.Delivery;

public sealed class PlaybackTokensTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly LivestreamId Id = new(Guid.NewGuid());
    private static readonly PlaybackTokens Tokens = new(DeliveryHost.Key);

    [Fact]
    public void A_token_is_good_until_its_time_is_over()
    {
        var token = Tokens.Issue(Id, Now + TimeSpan.FromSeconds(10));
        Assert.Equal(PlaybackTokens.TextLength, token.Length);
        Assert.Matches("^[A-Za-z0-9_-]+$", token);
        Assert.Equal(PlaybackTokenVerdict.Valid, Tokens.Check(token, Id, Now));
        Assert.Equal(PlaybackTokenVerdict.Valid, Tokens.Check(token, Id, Now + TimeSpan.FromSeconds(9.9)));
        Assert.Equal(PlaybackTokenVerdict.Expired, Tokens.Check(token, Id, Now + TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void A_token_is_good_for_its_livestream_and_its_key_only()
    {
        var token = Tokens.Issue(Id, Now + TimeSpan.FromDays(1));
        Assert.Equal(PlaybackTokenVerdict.Invalid, Tokens.Check(token, new LivestreamId(Guid.NewGuid()), Now));
        Assert.Equal(PlaybackTokenVerdict.Invalid, new PlaybackTokens([.. DeliveryHost.Key.Reverse()]).Check(token, Id, Now));
    }

    [Fact]
    public void Every_changed_letter_makes_it_invalid()
    {
        var token = Tokens.Issue(Id, Now + TimeSpan.FromDays(1));
        for (var i = 0; i < token.Length; i++)
        {
            var letters = token.ToCharArray();
            letters[i] = letters[i] == 'A' ? 'B' : 'A';
            Assert.NotEqual(PlaybackTokenVerdict.Valid, Tokens.Check(letters, Id, Now));
        }

        for (var length = 0; length < token.Length; length++)
        {
            Assert.Equal(PlaybackTokenVerdict.Invalid, Tokens.Check(token.AsSpan(0, length), Id, Now));
        }

        Assert.Equal(PlaybackTokenVerdict.Invalid, Tokens.Check(token + "A", Id, Now));
    }

    [Fact]
    public void A_key_must_be_long_enough_and_is_never_shown()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new PlaybackTokens(new byte[31]));
        Assert.Equal("PlaybackTokens", Tokens.ToString());
    }
}
