namespace Roomcast.Livestreams.Viewers;

/// <summary>How viewers are counted.</summary>
public sealed record ViewerCountingOptions
{
    /// <summary>
    /// A viewer counted by its playlist requests has left when it asked for none this long; its time ends at its last
    /// request. 2 s to 60 s; default 10 s. A livestream with long segments waits three of them.
    /// </summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a page with heartbeats sends one. 1 s to 60 s; default 3 s, which keeps figures right within 2 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Viewers of one livestream that are told apart, at least 1; default 200,000. Those beyond it are estimated.</summary>
    public int MaxTracked { get; init; } = 200_000;

    /// <summary>
    /// Viewer calls (new viewers, heartbeats and leaves) that one network address may make in a burst; default 2,000.
    /// An address is an IPv4 address or an IPv6 /64.
    /// </summary>
    public int AddressBurst { get; init; } = 2_000;

    /// <summary>Viewer calls that one network address may make for long, per second; default 500: some 1,500 viewers behind one NAT.</summary>
    public int AddressCallsPerSecond { get; init; } = 500;

    /// <summary>Says each fault of these values, naming the property.</summary>
    public IEnumerable<(string Property, string Fault)> Validate()
    {
        if (Silence < TimeSpan.FromSeconds(2) || Silence > TimeSpan.FromSeconds(60))
        {
            yield return (nameof(Silence), $"{Silence} is outside 2 s to 60 s.");
        }

        if (HeartbeatInterval < TimeSpan.FromSeconds(1) || HeartbeatInterval > TimeSpan.FromSeconds(60))
        {
            yield return (nameof(HeartbeatInterval), $"{HeartbeatInterval} is outside 1 s to 60 s.");
        }

        if (MaxTracked < 1)
        {
            yield return (nameof(MaxTracked), $"{MaxTracked} is less than 1.");
        }

        if (AddressBurst < 1)
        {
            yield return (nameof(AddressBurst), $"{AddressBurst} is less than 1.");
        }

        if (AddressCallsPerSecond < 1)
        {
            yield return (nameof(AddressCallsPerSecond), $"{AddressCallsPerSecond} is less than 1.");
        }
    }
}
