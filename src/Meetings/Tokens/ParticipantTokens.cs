using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Roomcast.Accounts;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Tokens;

/// <summary>What a participant token is worth.</summary>
public enum ParticipantTokenVerdict
{
    /// <summary>It is ours and still good.</summary>
    Valid,

    /// <summary>It is no token, or one of another shape than ours.</summary>
    Malformed,

    /// <summary>It names another algorithm than the one that is allowed, or demands an extension.</summary>
    WrongAlgorithm,

    /// <summary>It was not signed with our key, or changed since.</summary>
    WrongSignature,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>It belongs to another meeting than the one asked for.</summary>
    OtherMeeting,

    /// <summary>Its participant does not exist, or does no longer.</summary>
    UnknownParticipant,

    /// <summary>It was replaced by a later one.</summary>
    Replaced,
}

/// <summary>What a participant token says.</summary>
/// <param name="ParticipantId">Who may join.</param>
/// <param name="MeetingId">Where.</param>
/// <param name="AppId">The app of the meeting.</param>
/// <param name="Generation">The participant's <see cref="Participant.TokenGeneration"/> when it was issued.</param>
/// <param name="ExpiresAt">The first moment it no longer holds, in whole seconds.</param>
public sealed record ParticipantClaims(
    ParticipantId ParticipantId, MeetingId MeetingId, AppId AppId, int Generation, DateTimeOffset ExpiresAt);

/// <summary>Signs and reads participant tokens: JSON web tokens (RFC 7519) under HMAC-SHA256, with one key of this installation.</summary>
/// <remarks>
/// A token alone does not admit anybody: <see cref="ParticipantAdmission"/> also asks whether the participant still exists.
/// Source: RFC 7515, and the way the web client reads tokens: it decodes the payload with the plain base64 alphabet and takes
/// each byte for a character, so the payload is ASCII and has no character whose encoding needs '-' or '_'. Thread-safe.
/// </remarks>
public sealed class ParticipantTokens
{
    /// <summary>Fewest bytes a key may have.</summary>
    public const int MinKeyLength = 32;

    /// <summary>Longest token that is looked at, in characters. The longest that is issued has about 2,700.</summary>
    public const int MaxLength = 4_096;

    private const string Algorithm = "HS256";
    private const int MaxDepth = 8;

    /// <summary>Base64url of the header that every token of ours has.</summary>
    private static readonly string Header = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);

    private static readonly int SignatureLength = Base64Url.GetEncodedLength(HMACSHA256.HashSizeInBytes);
    private static readonly JsonWriterOptions AsciiOnly = new() { Encoder = MakeEncoder() };

    private readonly byte[] _key;

    /// <summary>Takes the key: at least <see cref="MinKeyLength"/> secret random bytes, the same after a restart.</summary>
    public ParticipantTokens(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(key.Length, MinKeyLength);
        _key = key.ToArray();
    }

    /// <summary>Issues a token.</summary>
    /// <param name="participant">Who may join with it.</param>
    /// <param name="issuedAt">The wall clock.</param>
    /// <param name="lifetime">How long it is good for; counts in whole seconds, rounded up.</param>
    public string Issue(Participant participant, DateTimeOffset issuedAt, TimeSpan lifetime)
    {
        ArgumentNullException.ThrowIfNull(participant);
        var claims = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(claims, AsciiOnly))
        {
            writer.WriteStartObject();
            writer.WriteString("sub", participant.Id.ToString());
            writer.WriteString("participantId", participant.Id.ToString());
            writer.WriteString("meetingId", participant.MeetingId.ToString());
            writer.WriteString("orgId", participant.AppId.Value.ToString("D"));
            writer.WriteString("presetId", participant.PresetId.ToString());
            writer.WriteString("cpi", participant.CustomId);
            writer.WriteNumber("gen", participant.TokenGeneration);
            writer.WriteNumber("iat", issuedAt.ToUnixTimeSeconds());
            writer.WriteNumber("exp", (issuedAt + lifetime).AddTicks(TimeSpan.TicksPerSecond - 1).ToUnixTimeSeconds());
            writer.WriteEndObject();
        }

        var text = $"{Header}.{Base64Url.EncodeToString(claims.WrittenSpan)}";
        return $"{text}.{Sign(text)}";
    }

    /// <summary>
    /// Checks a token by itself. The algorithm is one of a list of one; the signature is compared in constant time, and before
    /// anything the token says is believed.
    /// </summary>
    /// <param name="token">As sent; anything at all.</param>
    /// <param name="now">The wall clock.</param>
    /// <param name="claims">What it says, when it is valid.</param>
    /// <returns>
    /// <see cref="ParticipantTokenVerdict.Valid"/>, <see cref="ParticipantTokenVerdict.Malformed"/>,
    /// <see cref="ParticipantTokenVerdict.WrongAlgorithm"/>, <see cref="ParticipantTokenVerdict.WrongSignature"/> or
    /// <see cref="ParticipantTokenVerdict.Expired"/>.
    /// </returns>
    public ParticipantTokenVerdict Read(string? token, DateTimeOffset now, out ParticipantClaims? claims)
    {
        claims = null;
        if (token is null || token.Length > MaxLength || !Ascii.IsValid(token))
        {
            return ParticipantTokenVerdict.Malformed;
        }

        var headerEnd = token.IndexOf('.', StringComparison.Ordinal);
        var payloadEnd = token.LastIndexOf('.');
        if (headerEnd < 1 || payloadEnd <= headerEnd + 1 || token.AsSpan(headerEnd + 1, payloadEnd - headerEnd - 1).Contains('.'))
        {
            return ParticipantTokenVerdict.Malformed;
        }

        if (ReadHeader(token.AsSpan(0, headerEnd)) is var verdict && verdict != ParticipantTokenVerdict.Valid)
        {
            return verdict;
        }

        // Compared as text, so that each token has one spelling.
        Span<byte> given = stackalloc byte[SignatureLength];
        if (token.Length - payloadEnd - 1 != SignatureLength)
        {
            return ParticipantTokenVerdict.WrongSignature;
        }

        Encoding.ASCII.GetBytes(token.AsSpan(payloadEnd + 1), given);
        if (!CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(Sign(token[..payloadEnd]))))
        {
            return ParticipantTokenVerdict.WrongSignature;
        }

        if (!TryReadClaims(token.AsSpan(headerEnd + 1, payloadEnd - headerEnd - 1), out var read))
        {
            return ParticipantTokenVerdict.Malformed;
        }

        if (now >= read.ExpiresAt)
        {
            return ParticipantTokenVerdict.Expired;
        }

        claims = read;
        return ParticipantTokenVerdict.Valid;
    }

    /// <summary>Says what it is without the key.</summary>
    public override string ToString() => nameof(ParticipantTokens);

    private static ParticipantTokenVerdict ReadHeader(ReadOnlySpan<char> text)
    {
        if (!TryParse(text, mayEscape: false, out var document))
        {
            return ParticipantTokenVerdict.Malformed;
        }

        using (document)
        {
            // An extension that must be understood is not (RFC 7515, section 4.1.11).
            return !document.RootElement.TryGetProperty("crit"u8, out _)
                && document.RootElement.TryGetProperty("alg"u8, out var algorithm)
                && algorithm.ValueKind == JsonValueKind.String
                && algorithm.ValueEquals(Algorithm)
                    ? ParticipantTokenVerdict.Valid
                    : ParticipantTokenVerdict.WrongAlgorithm;
        }
    }

    private static bool TryReadClaims(ReadOnlySpan<char> text, [NotNullWhen(true)] out ParticipantClaims? claims)
    {
        claims = null;
        if (!TryParse(text, mayEscape: true, out var document))
        {
            return false;
        }

        using (document)
        {
            var payload = document.RootElement;
            try
            {
                if (TryReadId(payload, "participantId", out var participantId)
                    && TryReadId(payload, "meetingId", out var meetingId)
                    && TryReadId(payload, "orgId", out var appId)
                    && TryReadNumber(payload, "gen", out var generation) && generation is >= 0 and <= int.MaxValue
                    && TryReadNumber(payload, "exp", out var expiry) && expiry >= 0 && expiry <= DateTimeOffset.MaxValue.ToUnixTimeSeconds())
                {
                    claims = new ParticipantClaims(
                        new ParticipantId(participantId),
                        new MeetingId(meetingId),
                        new AppId(appId),
                        (int)generation,
                        DateTimeOffset.FromUnixTimeSeconds(expiry));
                }
            }
            catch (InvalidOperationException)
            {
                // Half a surrogate pair, which only a holder of the key can have written here.
            }

            return claims is not null;
        }
    }

    /// <summary>Decodes and parses a JSON object. An escape can spell text that is none, at which the framework throws; a header needs no escape.</summary>
    private static bool TryParse(ReadOnlySpan<char> text, bool mayEscape, [NotNullWhen(true)] out JsonDocument? document)
    {
        document = null;
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (Base64Url.DecodeFromChars(text, bytes, out var read, out var written) != OperationStatus.Done || read != text.Length
            || (!mayEscape && bytes.Contains((byte)'\\')))
        {
            return false;
        }

        try
        {
            document = JsonDocument.Parse(bytes.AsMemory(0, written), new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException)
        {
            return false;
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return true;
        }

        document.Dispose();
        return false;
    }

    private static bool TryReadId(JsonElement payload, string name, out Guid id)
    {
        id = default;
        return payload.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetGuid(out id);
    }

    private static bool TryReadNumber(JsonElement payload, string name, out long number)
    {
        number = 0;
        return payload.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out number);
    }

    // With 7-bit characters only these four have low six bits of 62 or 63, which base64url spells '-' and '_'.
    private static JavaScriptEncoder MakeEncoder()
    {
        var settings = new TextEncoderSettings(UnicodeRanges.BasicLatin);
        settings.ForbidCharacters('>', '?', '~', '\u007f');
        return JavaScriptEncoder.Create(settings);
    }

    private string Sign(string text)
    {
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes(text), signature);
        return Base64Url.EncodeToString(signature);
    }
}
