using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Roomcast.Accounts;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;

namespace Roomcast.Fuzz.Meetings;

/// <summary>What strangers show as a token, and what customers send as a preset.</summary>
public sealed class ParticipantTokenFuzz
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    private static readonly Participant Alice = new()
    {
        Id = new ParticipantId(new Guid("0b7b2c7e-3a3f-4a56-8a43-8f2f2f6d7f01")),
        AppId = new AppId(new Guid("1c7b2c7e-3a3f-4a56-8a43-8f2f2f6d7f02")),
        MeetingId = new MeetingId(new Guid("2d7b2c7e-3a3f-4a56-8a43-8f2f2f6d7f03")),
        CustomId = "alice ü > ? ~",
        PresetId = new PresetId(new Guid("3e7b2c7e-3a3f-4a56-8a43-8f2f2f6d7f04")),
        PresetName = "group_call_host",
        TokenGeneration = 1,
        CreatedAt = Now,
        UpdatedAt = Now,
    };

    [Fact]
    public void Only_the_issued_token_is_valid()
    {
        var tokens = new ParticipantTokens("0123456789abcdef0123456789abcdef"u8);
        var token = tokens.Issue(Alice, Now, TimeSpan.FromHours(1));
        FuzzRun.Of(
            "participant-token",
            [
                Encoding.ASCII.GetBytes(token),
                Encoding.ASCII.GetBytes(Base64Url.EncodeToString("""{"alg":"none"}"""u8) + token[token.IndexOf('.', StringComparison.Ordinal)..]),
                "eyJhbGciOiJIUzI1NiIsImNyaXQiOltdfQ.e30."u8.ToArray(),
            ],
            bytes =>
            {
                var text = Encoding.Latin1.GetString(bytes);
                Assert.Equal(text == token, tokens.Read(text, Now, out _) == ParticipantTokenVerdict.Valid);
            });
    }

    [Fact]
    public void Headers_and_claims_are_read_or_refused_even_when_signed()
    {
        var key = "0123456789abcdef0123456789abcdef"u8.ToArray();
        var tokens = new ParticipantTokens(key);
        FuzzRun.Of(
            "participant-claims",
            [
                """{"alg":"HS256","typ":"JWT"}"""u8.ToArray(),
                """{"\u0061lg":"\u0048S256","crit":null,"\ud800":"\udc00"}"""u8.ToArray(),
                Base64Url.DecodeFromChars(tokens.Issue(Alice, Now, TimeSpan.FromHours(1)).Split('.')[1]),
                """{"participantId":"\ud800","meetingId":"0b7b2c7e-3a3f-4a56-8a43-8f2f2f6d7f0\u0031","exp":1e9,"gen":1.0}"""u8.ToArray(),
            ],
            bytes =>
            {
                foreach (var (header, claims) in new[] { (bytes, "{}"u8.ToArray()), ("""{"alg":"HS256"}"""u8.ToArray(), bytes) })
                {
                    var text = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(claims)}";
                    var token = $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text)))}";
                    if (tokens.Read(token, Now, out var read) == ParticipantTokenVerdict.Valid)
                    {
                        Assert.True(read!.ExpiresAt > Now);
                    }
                }
            });
    }

    [Fact]
    public void A_preset_is_read_or_refused_and_what_is_read_is_written_as_the_same()
    {
        var seeds = BuiltInPresets.All.Select(preset => Encoding.UTF8.GetBytes(PresetJson.Write(preset.Value))).Append(
            """{"config":{"view_type":"CHAT","max_screenshare_count":1e2},"ui":{"config_diff":{"\ud800":"\u0000"}},"permissions":{"plugins":{"config":{"a":{"access_control":"VIEW_ONLY"}}}}}"""u8.ToArray());
        FuzzRun.Of("preset", seeds, bytes =>
        {
            JsonDocument document;
            if (!Utf8.IsValid(bytes))
            {
                return; // The body's reader refuses it before.
            }

            try
            {
                document = JsonDocument.Parse(bytes);
            }
            catch (JsonException)
            {
                return;
            }

            using (document)
            {
                var faults = new List<PresetFault>();
                var preset = PresetJson.Read(document.RootElement, faults);
                if (faults.Count == 0)
                {
                    using var again = JsonDocument.Parse(PresetJson.Write(preset));
                    Assert.Equal(preset, PresetJson.Read(again.RootElement, faults));
                    Assert.Empty(faults);
                    Assert.Equal(preset, PresetJson.ReadPatch(document.RootElement, preset, faults));
                }
            }
        });
    }
}
