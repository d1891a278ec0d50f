namespace Roomcast.Livestreams.Lifecycle;

/// <summary>Where a livestream stands inside the server. What others are told is <see cref="Records.LivestreamStatus"/>.</summary>
internal enum LivestreamState
{
    /// <summary>Nobody publishes and nothing is on air.</summary>
    OffAir,

    /// <summary>Somebody publishes, and there is nothing to play so far.</summary>
    Starting,

    /// <summary>A player can play it.</summary>
    OnAir,

    /// <summary>On air without a publisher, until the grace time is over. Others are told LIVE.</summary>
    Interrupted,
}

/// <summary>What can happen to a livestream.</summary>
internal enum LivestreamInput
{
    /// <summary>A publisher was admitted.</summary>
    PublisherCame,

    /// <summary>The first part can be played.</summary>
    BecamePlayable,

    /// <summary>The publisher left or was lost.</summary>
    PublisherLeft,

    /// <summary>The deadline was reached.</summary>
    DeadlineReached,

    /// <summary>The owner ended it: stopped, disabled, deleted, or the server shuts down.</summary>
    Stopped,

    /// <summary>Our own handling of its media failed and cannot go on.</summary>
    Failed,
}

/// <summary>One move of a livestream.</summary>
/// <param name="From">Where it stood.</param>
/// <param name="To">Where it stands now.</param>
/// <param name="Cause">What moved it.</param>
internal readonly record struct LivestreamTransition(LivestreamState From, LivestreamState To, LivestreamInput Cause);

/// <summary>The life of one livestream: a publisher may drop and return within the grace time without ending the session on air.</summary>
/// <remarks>Owned by the livestream's loop; not thread-safe. Time is handed in, never read.</remarks>
internal sealed class LivestreamLifecycle(TimeSpan ingestGrace)
{
    /// <summary>Where it stands.</summary>
    public LivestreamState State { get; private set; }

    /// <summary>When to apply <see cref="LivestreamInput.DeadlineReached"/>; null while nothing is timed.</summary>
    public TimeSpan? Deadline { get; private set; }

    /// <summary>Whether a livestream session is open.</summary>
    public bool HasSession => State is LivestreamState.OnAir or LivestreamState.Interrupted;

    /// <summary>Applies one input.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>The move made, or null when the input means nothing in this state.</returns>
    public LivestreamTransition? Apply(LivestreamInput input, TimeSpan now)
    {
        var from = State;
        var to = (from, input) switch
        {
            (LivestreamState.OffAir, LivestreamInput.PublisherCame) => LivestreamState.Starting,
            (LivestreamState.Starting, LivestreamInput.BecamePlayable) => LivestreamState.OnAir,
            (LivestreamState.Starting, LivestreamInput.PublisherLeft or LivestreamInput.Stopped or LivestreamInput.Failed)
                => LivestreamState.OffAir,
            (LivestreamState.OnAir, LivestreamInput.PublisherLeft) => LivestreamState.Interrupted,
            (LivestreamState.Interrupted, LivestreamInput.PublisherCame) => LivestreamState.OnAir,
            (LivestreamState.Interrupted, LivestreamInput.DeadlineReached) when now >= Deadline => LivestreamState.OffAir,
            (LivestreamState.OnAir or LivestreamState.Interrupted, LivestreamInput.Stopped or LivestreamInput.Failed)
                => LivestreamState.OffAir,
            _ => from,
        };

        if (to == from)
        {
            return null;
        }

        State = to;
        Deadline = to is LivestreamState.Interrupted ? now + ingestGrace : null;
        return new LivestreamTransition(from, to, input);
    }
}
