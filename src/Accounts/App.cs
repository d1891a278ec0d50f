namespace Roomcast.Accounts;

/// <summary>Who may play an app's livestreams.</summary>
public enum PlaybackAccess
{
    /// <summary>Anyone with the address.</summary>
    Public,

    /// <summary>Only with an unexpired signed token in the path.</summary>
    Signed,
}

/// <summary>One customer's space: meetings, presets, livestreams and their settings.</summary>
/// <param name="Id">Its id.</param>
/// <param name="AccountId">The account it belongs to.</param>
/// <param name="Name">1 to 256 characters, or null.</param>
/// <param name="Playback">Who may play its livestreams.</param>
/// <param name="CreatedAt">When it was made, UTC, whole milliseconds.</param>
public sealed record App(AppId Id, AccountId AccountId, string? Name, PlaybackAccess Playback, DateTimeOffset CreatedAt);
