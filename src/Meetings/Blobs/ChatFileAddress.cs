using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Roomcast.Meetings.Blobs;

/// <summary>What an address of a chat file is for.</summary>
internal enum ChatFileUse
{
    Get,
    Put,
}

/// <summary>A file sent in a chat, as its addresses name it.</summary>
/// <param name="Shelf">The day after which it is deleted, <c>yyyy-MM-dd</c> UTC, or <see cref="LastingShelf"/>.</param>
/// <param name="Name">32 random hexadecimal digits.</param>
/// <param name="FileName">Its own name, cleaned.</param>
internal sealed record ChatFileAddress(string Shelf, string Name, string FileName)
{
    /// <summary>The shelf of files that are kept.</summary>
    public const string LastingShelf = "lasting";

    private const string DayFormat = "yyyy-MM-dd";
    private const int NameLength = 32;

    public static ChatFileAddress Make(string fileName, DateTimeOffset? deleteAfter) => new(
        deleteAfter is { } moment ? ShelfOf(moment) : LastingShelf,
        RandomNumberGenerator.GetHexString(NameLength, lowercase: true),
        ChatFileName.Clean(fileName));

    /// <summary>The shelf of files that are deleted after the day of this moment.</summary>
    public static string ShelfOf(DateTimeOffset moment) => moment.UtcDateTime.ToString(DayFormat, CultureInfo.InvariantCulture);

    /// <summary>Reads the parts of a path. Nothing that passes can lead out of the folder.</summary>
    public static ChatFileAddress? Read(string? shelf, string? name, string? fileName) =>
        shelf is not null && name is not null && fileName is { Length: > 0 and <= ChatFileName.MaxLength }
        && (shelf == LastingShelf || IsDay(shelf))
        && name.Length == NameLength && name.All(char.IsAsciiHexDigitLower)
            ? new ChatFileAddress(shelf, name, fileName)
            : null;

    /// <summary>Whether it names the shelf of a day.</summary>
    public static bool IsDay(string shelf) =>
        DateOnly.TryParseExact(shelf, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    /// <summary>Path and query of a signed address.</summary>
    /// <param name="key">The key.</param>
    /// <param name="use">What it is for.</param>
    /// <param name="expiresAt">The first moment it no longer holds, in whole seconds; null for never.</param>
    public string ToPath(ReadOnlySpan<byte> key, ChatFileUse use, DateTimeOffset? expiresAt)
    {
        var expiry = expiresAt?.ToUnixTimeSeconds() ?? 0;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{ChatFileEndpoints.Prefix}/{Shelf}/{Name}/{Uri.EscapeDataString(FileName)}?expires={expiry}&signature={Sign(key, use, expiry)}");
    }

    /// <summary>Checks a signature in constant time, and the time.</summary>
    public bool IsSigned(ReadOnlySpan<byte> key, ChatFileUse use, string? expires, string? signature, DateTimeOffset now)
    {
        if (!long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out var expiry) || signature is not { Length: <= 64 })
        {
            return false;
        }

        var isOurs = CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(signature), Encoding.ASCII.GetBytes(Sign(key, use, expiry)));
        return isOurs && (expiry == 0 ? use == ChatFileUse.Get : now.ToUnixTimeSeconds() < expiry);
    }

    private string Sign(ReadOnlySpan<byte> key, ChatFileUse use, long expiry)
    {
        // No part can hold a line break: shelf and name are checked, and a file's name is cleaned or as it was signed.
        var text = string.Create(CultureInfo.InvariantCulture, $"{use}\n{Shelf}\n{Name}\n{expiry}\n{FileName}");
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text), signature);
        return Base64Url.EncodeToString(signature);
    }
}
