namespace Roomcast.Relay.Connection;

/// <summary>The times of a connection.</summary>
internal sealed record RelayTimes
{
    /// <summary>How often the client is pinged; once it was, it expects that at least every 15 s.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A client that is silent for this long is given up; it answers every ping.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it may take until it says who it is.</summary>
    public TimeSpan ConnectWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request may keep those behind it from being begun.</summary>
    public TimeSpan InOrderFor { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long one that comes behind such a request keeps those behind it, so that what is quick stays in order.</summary>
    public TimeSpan Quick { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// A client gives up a request after 10 s. One that was begun this long ago is refused; what it waited for before that is bounded by
    /// <see cref="InOrderFor"/>, <see cref="Quick"/> and how many may be overdue.
    /// </summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>How long it has to take what it is still sent, and to answer a close.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the announcement of a close to the close.</summary>
    public TimeSpan GoodbyeFor { get; init; } = TimeSpan.FromMilliseconds(200);
}
