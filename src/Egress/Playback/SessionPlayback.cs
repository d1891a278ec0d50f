namespace Roomcast.Egress.Playback;

/// <summary>Where a playback stands.</summary>
public enum PlaybackState
{
    /// <summary>Asked for; nothing of it has been shown so far.</summary>
    Starting,

    /// <summary>It is seen and heard.</summary>
    Playing,

    /// <summary>It stands still, and is silent.</summary>
    Paused,

    /// <summary>It is over.</summary>
    Ended,
}

/// <summary>Something that is played into a session, at one moment.</summary>
/// <param name="Id">Its id; the peer it is shown as has the same.</param>
/// <param name="SessionId">The session.</param>
/// <param name="Url">The address as it was given. May hold a secret.</param>
/// <param name="State">Where it stands.</param>
public sealed record SessionPlayback(Guid Id, Guid SessionId, string Url, PlaybackState State)
{
    /// <summary>The address without what may be a secret.</summary>
    public required string Covered { get; init; }

    /// <summary>How much louder or softer than it was made, in decibels, -50 to 50. -50 is silence.</summary>
    public double VolumeDb { get; init; }

    /// <summary>How far it had come, from its beginning, at <see cref="ToldAt"/>, its last change.</summary>
    public TimeSpan Position { get; init; }

    /// <summary>When it stood as this says.</summary>
    public DateTimeOffset ToldAt { get; init; }

    /// <summary>How long it is; null where that is not known, as of a live source.</summary>
    public TimeSpan? Length { get; init; }

    /// <summary>Whether its position can be chosen.</summary>
    public bool IsSeekable { get; init; }

    /// <summary>When it was first seen or heard; null when it never was.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it ended, where nobody asked for it and it was not over by itself; otherwise null.</summary>
    public string? Error { get; init; }

    /// <summary>How far it has come, from its beginning.</summary>
    /// <param name="now">The time; not before <see cref="ToldAt"/>.</param>
    public TimeSpan PositionAt(DateTimeOffset now)
    {
        var position = State is PlaybackState.Playing && now > ToldAt ? Position + (now - ToldAt) : Position;
        return Length is { } length && position > length ? length : position;
    }

    /// <summary>Says which and how it stands, without the address.</summary>
    public override string ToString() => $"Playback {Id} of session {SessionId} ({State})";
}
