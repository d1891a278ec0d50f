using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;

namespace Roomcast.Meetings.Tests.Tokens;

public sealed class ParticipantTokensTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, 250, TimeSpan.Zero);
    private static readonly ParticipantTokens Tokens = new(Key);

    [Fact]
    public void A_token_reads_as_it_was_issued()
    {
        var participant = Make("alice");
        var token = Tokens.Issue(participant, Now, TimeSpan.FromHours(24));

        Assert.Equal(ParticipantTokenVerdict.Valid, Tokens.Read(token, Now, out var claims));
        Assert.Equal(
            new ParticipantClaims(
                participant.Id, participant.MeetingId, participant.AppId, 3, new DateTimeOffset(2026, 3, 2, 12, 0, 1, TimeSpan.Zero)),
            claims);
    }

    [Fact]
    public void It_is_a_json_web_token_with_the_claims_that_clients_read()
    {
        var participant = Make("alice");
        var parts = Tokens.Issue(participant, Now, TimeSpan.FromHours(24)).Split('.');

        Assert.Equal(3, parts.Length);
        Assert.StartsWith("eyJ", parts[0], StringComparison.Ordinal);
        Assert.Equal("""{"alg":"HS256","typ":"JWT"}""", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])));
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!.AsObject();
        Assert.Equal(participant.MeetingId.ToString(), (string?)claims["meetingId"]);
        Assert.Equal(participant.AppId.ToString(), (string?)claims["orgId"]);
        Assert.Equal(participant.Id.ToString(), (string?)claims["participantId"]);
        Assert.Equal(participant.Id.ToString(), (string?)claims["sub"]);
        Assert.Equal(participant.PresetId.ToString(), (string?)claims["presetId"]);
        Assert.Equal("alice", (string?)claims["cpi"]);
        Assert.Equal(Now.ToUnixTimeSeconds(), (long?)claims["iat"]);
        Assert.Equal(Now.ToUnixTimeSeconds() + 86_401, (long?)claims["exp"]);
        Assert.Equal(9, claims.Count);
    }

    [Fact]
    public void A_browsers_plain_base64_decodes_every_payload()
    {
        var random = new Random(7);
        string[] awkward =
        [
            "???>>>~~~\u007f\u007f", "ü€😀", "\"\\/\b\f\n\r\t", "\u0001\u001f", "<script>", "a~b?c>d", "~", ">>", "??", "\u0080ÿ", "\ufeff", "\u2028",
            .. Enumerable.Range(0, 300).Select(_ => new string([.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => (char)random.Next(1, 0xD800))])),
        ];
        foreach (var customId in awkward)
        {
            var token = Tokens.Issue(Make(customId), Now, TimeSpan.FromHours(1));
            var payload = token.Split('.')[1];
            Assert.DoesNotContain('-', payload);
            Assert.DoesNotContain('_', payload);

            // What atob and JSON.parse do.
            var bytes = Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '='));
            Assert.Equal(customId, (string?)JsonNode.Parse(Encoding.Latin1.GetString(bytes))!["cpi"]);
            Assert.Equal(ParticipantTokenVerdict.Valid, Tokens.Read(token, Now, out _));
        }
    }

    [Fact]
    public void The_longest_custom_id_makes_a_token_that_is_read() => Assert.Equal(
        ParticipantTokenVerdict.Valid,
        Tokens.Read(Tokens.Issue(Make(string.Concat(Enumerable.Repeat("😀", 128))), Now, TimeSpan.FromHours(1)), Now, out _));

    [Theory]
    [InlineData("""{"alg":"none","typ":"JWT"}""")]
    [InlineData("""{"alg":"None"}""")]
    [InlineData("""{"alg":"hs256"}""")]
    [InlineData("""{"alg":"HS512"}""")]
    [InlineData("""{"alg":"RS256"}""")]
    [InlineData("""{"alg":""}""")]
    [InlineData("""{"alg":null}""")]
    [InlineData("""{"alg":["HS256"]}""")]
    [InlineData("""{"typ":"JWT"}""")]
    [InlineData("""{"alg":"HS256","crit":["b64"],"b64":false}""")]
    public void Another_algorithm_is_refused_even_with_a_right_signature(string header)
    {
        var claims = ClaimsOf(Tokens.Issue(Make("alice"), Now, TimeSpan.FromHours(1)));
        Assert.Equal(ParticipantTokenVerdict.WrongAlgorithm, Tokens.Read(Forge(header, claims), Now, out var read));
        Assert.Null(read);
        Assert.Equal(ParticipantTokenVerdict.WrongAlgorithm, Tokens.Read(Forge(header, claims).Split('.')[0] + "." + claims + ".", Now, out _));
    }

    [Fact]
    public void A_token_without_a_signature_is_refused()
    {
        var token = Tokens.Issue(Make("alice"), Now, TimeSpan.FromHours(1));
        Assert.Equal(ParticipantTokenVerdict.WrongSignature, Tokens.Read(token[..(token.LastIndexOf('.') + 1)], Now, out _));
        Assert.Equal(ParticipantTokenVerdict.Malformed, Tokens.Read(token[..token.LastIndexOf('.')], Now, out _));
    }

    [Fact]
    public void A_token_of_another_key_is_refused()
    {
        var other = new ParticipantTokens(RandomNumberGenerator.GetBytes(32));
        Assert.Equal(
            ParticipantTokenVerdict.WrongSignature,
            Tokens.Read(other.Issue(Make("alice"), Now, TimeSpan.FromHours(1)), Now, out _));
    }

    [Fact]
    public void A_token_holds_until_its_moment_and_not_longer()
    {
        var token = Tokens.Issue(Make("alice"), Now, TimeSpan.FromMinutes(1));
        var end = new DateTimeOffset(2026, 3, 1, 12, 1, 1, TimeSpan.Zero);
        Assert.Equal(ParticipantTokenVerdict.Valid, Tokens.Read(token, end.AddTicks(-1), out _));
        Assert.Equal(ParticipantTokenVerdict.Expired, Tokens.Read(token, end, out var claims));
        Assert.Null(claims);
    }

    [Fact]
    public void A_token_cut_anywhere_is_refused()
    {
        var token = Tokens.Issue(Make("alice"), Now, TimeSpan.FromHours(1));
        for (var length = 0; length < token.Length; length++)
        {
            Assert.NotEqual(ParticipantTokenVerdict.Valid, Tokens.Read(token[..length], Now, out _));
            Assert.NotEqual(ParticipantTokenVerdict.Valid, Tokens.Read(token[(length + 1)..], Now, out _));
        }
    }

    [Fact]
    public void A_token_changed_anywhere_is_refused()
    {
        var token = Tokens.Issue(Make("alice"), Now, TimeSpan.FromHours(1));
        for (var at = 0; at < token.Length; at++)
        {
            foreach (var replacement in "AaZ09-_.=+/ \0é")
            {
                if (token[at] != replacement)
                {
                    Assert.NotEqual(
                        ParticipantTokenVerdict.Valid, Tokens.Read($"{token[..at]}{replacement}{token[(at + 1)..]}", Now, out _));
                }
            }

            Assert.NotEqual(ParticipantTokenVerdict.Valid, Tokens.Read(token.Insert(at, "A"), Now, out _));
        }

        Assert.NotEqual(ParticipantTokenVerdict.Valid, Tokens.Read(token + "=", Now, out _));
        Assert.NotEqual(ParticipantTokenVerdict.Valid, Tokens.Read(token + " ", Now, out _));
        Assert.NotEqual(ParticipantTokenVerdict.Valid, Tokens.Read($"{token}.{token}", Now, out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("...")]
    [InlineData("eyJ")]
    [InlineData("Bearer eyJ")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.e30.é")]
    [InlineData("e30.e30.e30.e30")]
    public void What_is_no_token_is_malformed(string? text) =>
        Assert.Equal(ParticipantTokenVerdict.Malformed, Tokens.Read(text, Now, out _));

    [Fact]
    public void A_huge_token_is_refused_unread()
    {
        var token = Tokens.Issue(Make("alice"), Now, TimeSpan.FromHours(1));
        Assert.Equal(ParticipantTokenVerdict.Malformed, Tokens.Read(new string('A', 50_000_000), Now, out _));
        Assert.Equal(ParticipantTokenVerdict.Malformed, Tokens.Read(token + new string('A', 5_000), Now, out _));
        Assert.Equal(
            ParticipantTokenVerdict.Malformed,
            Tokens.Read(Forge("""{"alg":"HS256"}""", Base64Url.EncodeToString(Encoding.ASCII.GetBytes(new string('[', 2_000)))), Now, out _));
    }

    [Theory]
    [InlineData("meetingId", null)]
    [InlineData("meetingId", "7")]
    [InlineData("meetingId", "\"room1\"")]
    [InlineData("participantId", "{}")]
    [InlineData("orgId", "\"\"")]
    [InlineData("gen", "-1")]
    [InlineData("gen", "1.5")]
    [InlineData("gen", "\"1\"")]
    [InlineData("gen", "4294967296")]
    [InlineData("exp", null)]
    [InlineData("exp", "\"9999999999\"")]
    [InlineData("exp", "1e400")]
    [InlineData("exp", "9223372036854775807")]
    [InlineData("exp", "-5")]
    public void Claims_of_another_form_are_refused_even_when_signed(string claim, string? value)
    {
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(ClaimsOf(Tokens.Issue(Make("alice"), Now, TimeSpan.FromHours(1)))))!.AsObject();
        claims.Remove(claim);
        if (value is not null)
        {
            claims[claim] = JsonNode.Parse(value);
        }

        var forged = Forge("""{"alg":"HS256","typ":"JWT"}""", Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims)));
        Assert.Equal(ParticipantTokenVerdict.Malformed, Tokens.Read(forged, Now, out var read));
        Assert.Null(read);
    }

    [Fact]
    public void Neither_key_nor_token_is_told_by_its_text()
    {
        Assert.Equal(nameof(ParticipantTokens), Tokens.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => new ParticipantTokens(Key.AsSpan(1)));
    }

    private static Participant Make(string customId) => new()
    {
        Id = new ParticipantId(Guid.NewGuid()),
        AppId = new AppId(Guid.NewGuid()),
        MeetingId = new MeetingId(Guid.NewGuid()),
        CustomId = customId,
        PresetId = new PresetId(Guid.NewGuid()),
        PresetName = "group_call_host",
        TokenGeneration = 3,
        CreatedAt = Now,
        UpdatedAt = Now,
    };

    private static string ClaimsOf(string token) => token.Split('.')[1];

    private static string Forge(string header, string claims)
    {
        var text = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{claims}";
        return $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(Key, Encoding.ASCII.GetBytes(text)))}";
    }
}
