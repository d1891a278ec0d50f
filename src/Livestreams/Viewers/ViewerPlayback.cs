namespace Roomcast.Livestreams.Viewers;

/// <summary>What a heartbeat says the player does.</summary>
public enum ViewerPlayback
{
    /// <summary>The picture moves: this time is counted.</summary>
    Playing,

    /// <summary>The viewer paused: neither counted nor shown among the viewers.</summary>
    Paused,

    /// <summary>The player waits for media: shown among the viewers, but the time is not counted.</summary>
    Stalled,
}
