using Microsoft.Extensions.Options;

namespace Roomcast.Meetings.Sessions;

/// <summary>How sessions behave.</summary>
public sealed class MeetingSessionOptions
{
    /// <summary>
    /// How long a session goes on after the last has left, whatever its meeting says. 0 s to 1 hour; null, the default, for
    /// what the meeting says.
    /// </summary>
    public TimeSpan? KeepAlive { get; set; }

    /// <summary>How long the transports of a peer whose connection was lost are kept. 0 s to 10 minutes; default 60 s.</summary>
    public TimeSpan PeerGrace { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Most peers of one session, waiting ones included. 1 to 100,000; default 1,000.</summary>
    public int MaxPeers { get; set; } = 1_000;

    /// <summary>
    /// How long a peer that was removed has to close its connection by itself. 0 s to 1 minute; default 5 s.
    /// </summary>
    public TimeSpan RemovedLinger { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>Checks <see cref="MeetingSessionOptions"/>, naming every fault at once.</summary>
public sealed class MeetingSessionOptionsValidator : IValidateOptions<MeetingSessionOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, MeetingSessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        Check(options.KeepAlive ?? TimeSpan.Zero, TimeSpan.FromHours(1), nameof(MeetingSessionOptions.KeepAlive));
        Check(options.PeerGrace, TimeSpan.FromMinutes(10), nameof(MeetingSessionOptions.PeerGrace));
        Check(options.RemovedLinger, TimeSpan.FromMinutes(1), nameof(MeetingSessionOptions.RemovedLinger));
        if (options.MaxPeers is < 1 or > 100_000)
        {
            result.AddError($"{options.MaxPeers} is outside 1 to 100,000.", nameof(MeetingSessionOptions.MaxPeers));
        }

        return result.Build();

        void Check(TimeSpan value, TimeSpan most, string property)
        {
            if (value < TimeSpan.Zero || value > most)
            {
                result.AddError($"{value} is outside 0 s to {most.TotalSeconds} s.", property);
            }
        }
    }
}
