using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Viewers;

/// <summary>What a viewer is to be told about a livestream.</summary>
public enum AudienceState
{
    /// <summary>It has not begun.</summary>
    Waiting,

    /// <summary>It can be played.</summary>
    Live,

    /// <summary>Its publisher is absent and may come back to the same playlist.</summary>
    Interrupted,

    /// <summary>It was live and has ended; it may begin anew.</summary>
    Ended,
}

/// <summary>Whether somebody may see a livestream.</summary>
public enum AudienceAdmission
{
    /// <summary>Yes.</summary>
    Allowed,

    /// <summary>There is none of this id.</summary>
    NotFound,

    /// <summary>It needs a signed token, and the one given is missing, wrong or out of date.</summary>
    NotAllowed,
}

/// <summary>A livestream as a viewer sees it.</summary>
/// <param name="Admission">Whether it may be seen; the rest counts only when it may.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Name">Its name, or null.</param>
/// <param name="StartedAt">When its session on air became playable; null when there is none.</param>
/// <param name="Viewers">Those of the session on air; null when there is none.</param>
public sealed record AudienceAnswer(
    AudienceAdmission Admission,
    AudienceState State = AudienceState.Waiting,
    string? Name = null,
    DateTimeOffset? StartedAt = null,
    LiveViewers? Viewers = null);

/// <summary>Finds a livestream for those who want to see it.</summary>
public interface ILiveAudience
{
    /// <summary>Finds it. Asked for each status request and heartbeat, so it must not go to the database for one on air.</summary>
    /// <param name="livestreamId">Which.</param>
    /// <param name="playbackToken">The signed token of the path, or null.</param>
    /// <param name="cancellationToken">The request was given up.</param>
    ValueTask<AudienceAnswer> FindAsync(LivestreamId livestreamId, string? playbackToken, CancellationToken cancellationToken);

    /// <summary>
    /// The viewers of the session on air, whoever asks: for a viewer that leaves, whose own token says enough. Null when
    /// there is no session.
    /// </summary>
    /// <param name="livestreamId">Which.</param>
    LiveViewers? FindViewers(LivestreamId livestreamId);
}
