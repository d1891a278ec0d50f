namespace Roomcast.Meetings.History;

/// <summary>What the client of a peer tells of itself when it connects. Nothing of it is proved.</summary>
/// <param name="UserAgent">The browser, in its own words; at most <see cref="MaxLength"/> characters.</param>
/// <param name="RemoteAddress">The address it came from, as the server sees it. Personal data.</param>
/// <param name="SdkVersion">The version of the client library; at most <see cref="MaxLength"/> characters.</param>
public sealed record PeerClient(string? UserAgent, string? RemoteAddress, string? SdkVersion)
{
    /// <summary>Longest text that is kept.</summary>
    public const int MaxLength = 512;

    /// <summary>Takes what a client sent, cut to what may be kept; null where it sent nothing that can be.</summary>
    public static PeerClient Of(string? userAgent, string? remoteAddress, string? sdkVersion) =>
        new(Cut(userAgent), Cut(remoteAddress), Cut(sdkVersion));

    /// <summary>Names nobody.</summary>
    public override string ToString() => nameof(PeerClient);

    private static string? Cut(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        // Headers are bytes to begin with: what is no text would be refused by the storage.
        var kept = new string([.. text.Where(character => character is >= ' ' and <= '~')]);
        return kept.Length == 0 ? null : kept.Length <= MaxLength ? kept : kept[..MaxLength];
    }
}
