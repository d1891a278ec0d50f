using System.Diagnostics.CodeAnalysis;
using Roomcast.Rtmp.Connection;

namespace Roomcast.Egress.Push;

/// <summary>What is wrong with a target's address.</summary>
public enum PushAddressFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is no <c>rtmp://</c> or <c>rtmps://</c> address with a host and a valid port.</summary>
    NotRtmp,

    /// <summary>It is longer than <see cref="PushAddress.MaxLength"/>.</summary>
    TooLong,

    /// <summary>It holds blanks or control characters.</summary>
    NotPrintable,

    /// <summary>It has no stream name, and none stands beside it.</summary>
    NoStreamName,

    /// <summary>It names a user or a password, which no form is spoken of.</summary>
    NamesUser,
}

/// <summary>Where to push to. It holds a stream key, so it prints itself without.</summary>
public sealed class PushAddress
{
    /// <summary>Most characters of the address and of the stream key.</summary>
    public const int MaxLength = 2_048;

    private const string Cover = "***";
    private const int ShortestSearched = 4;

    private readonly string[] _secrets;

    private PushAddress(string url, string? streamKey, RtmpTarget target)
    {
        Url = url;
        StreamKey = streamKey;
        Target = target;
        Covered = $"{target}{(target.ToString().EndsWith('/') ? "" : "/")}{Cover}";
        var appQuery = target.App.IndexOf('?', StringComparison.Ordinal);
        string[] parts =
        [
            target.StreamName,
            Uri.UnescapeDataString(target.StreamName),
            .. target.StreamName.Split('?', '&', '='),
            .. appQuery < 0 ? [] : target.App[appQuery..].Split('?', '&', '='),
        ];
        _secrets = [.. parts.Where(static part => part.Length >= ShortestSearched).Distinct().OrderByDescending(static part => part.Length)];
    }

    /// <summary>The address as it was given. A secret.</summary>
    public string Url { get; }

    /// <summary>The stream key as it was given beside the address; null when it stands in it. A secret.</summary>
    public string? StreamKey { get; }

    /// <summary>The address with the stream name covered, and without any query or user name: for answers, logs and events.</summary>
    public string Covered { get; }

    internal RtmpTarget Target { get; }

    /// <summary>Reads an address: <c>rtmp[s]://host[:port]/app/name</c>, or without the name when that stands beside it.</summary>
    /// <param name="url">The address.</param>
    /// <param name="streamKey">The stream key, as services give it beside the address; null or empty when it stands in the address.</param>
    /// <param name="address">The address, when it is right.</param>
    /// <param name="fault">What is wrong, when it is not.</param>
    public static bool TryParse(string? url, string? streamKey, [NotNullWhen(true)] out PushAddress? address, out PushAddressFault fault)
    {
        address = null;
        url ??= "";
        streamKey = string.IsNullOrEmpty(streamKey) ? null : streamKey;
        if (url.Length > MaxLength || streamKey?.Length > MaxLength)
        {
            fault = PushAddressFault.TooLong;
            return false;
        }

        if (url.AsSpan().ContainsAnyInRange('\0', ' ') || streamKey.AsSpan().ContainsAnyInRange('\0', ' '))
        {
            fault = PushAddressFault.NotPrintable;
            return false;
        }

        // With a name that anything can be, what is left to be wrong is the rest.
        if (!RtmpTarget.TryParse(url, streamKey ?? Cover, out var target) || target.Port is < 1 or > 65_535)
        {
            fault = PushAddressFault.NotRtmp;
            return false;
        }

        if (target.NamesUser)
        {
            fault = PushAddressFault.NamesUser;
            return false;
        }

        if (!RtmpTarget.TryParse(url, streamKey, out target))
        {
            fault = PushAddressFault.NoStreamName;
            return false;
        }

        fault = PushAddressFault.None;
        address = new PushAddress(url, streamKey, target);
        return true;
    }

    /// <summary>Covers the stream key, and every part of it, in what a target says: some repeat it in their refusals.</summary>
    /// <param name="text">What it says.</param>
    /// <returns>At most 200 printable characters; null when nothing is left.</returns>
    public string? Cleanse(string? text)
    {
        const int MostCharacters = 200;
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        foreach (var secret in _secrets)
        {
            text = text.Replace(secret, Cover, StringComparison.OrdinalIgnoreCase);
        }

        // A key too short to be searched for word by word: then not a word.
        if (Target.StreamName.Length < ShortestSearched && text.Contains(Target.StreamName, StringComparison.OrdinalIgnoreCase))
        {
            return Cover;
        }

        var printable = string.Concat(text.Select(static letter => char.IsControl(letter) || char.IsSurrogate(letter) ? ' ' : letter)).Trim();
        return printable.Length <= MostCharacters ? printable : printable[..MostCharacters];
    }

    /// <summary>The address with the stream name covered.</summary>
    public override string ToString() => Covered;
}
