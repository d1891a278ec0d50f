namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>A token that lets its bearer play one livestream until it expires.</summary>
internal sealed record PlaybackTokenResponse(string Token, string PlaybackUrl, string WatchUrl, DateTimeOffset ExpiresAt)
{
    /// <summary>Says until when, without the token.</summary>
    public override string ToString() => $"playback token until {ExpiresAt:O}";
}
