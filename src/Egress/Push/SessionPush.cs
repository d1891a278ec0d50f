namespace Roomcast.Egress.Push;

/// <summary>Where the push of a session stands.</summary>
public enum SessionPushState
{
    /// <summary>Asked for; the target has not taken a picture so far.</summary>
    Starting,

    /// <summary>The target let us publish, and the first picture was sent. Short losses of the connection are part of it.</summary>
    Running,

    /// <summary>It is over.</summary>
    Ended,
}

/// <summary>The push of a session's composition to an RTMP(S) address, at one moment.</summary>
/// <param name="Id">Its id.</param>
/// <param name="SessionId">The session.</param>
/// <param name="Url">The address as it was given. A secret: it holds the stream key.</param>
/// <param name="State">Where it stands.</param>
/// <param name="StartedAt">When the target let us publish; null when it never did.</param>
/// <param name="EndedAt">When it ended; null before.</param>
/// <param name="Error">Why it ended, keys covered, where nobody asked for it; otherwise null.</param>
public sealed record SessionPush(
    Guid Id, Guid SessionId, string Url, SessionPushState State, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, string? Error)
{
    /// <summary>The address with the stream key covered, for who may not see it.</summary>
    public required string Covered { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>Says which and how it stands, without the address.</summary>
    public override string ToString() => $"Push {Id} of session {SessionId} ({State})";
}
