using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Client.Relay;

/// <summary>Something that runs in a room session for a time: a stream, a recording, a playback.</summary>
/// <remarks>Its state is changed before events tell of it; reads never block. Thread-safe.</remarks>
public abstract class RoomSessionAction
{
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Run _run = new(null, null, null, null, HasEnded: false);

    private protected RoomSessionAction(RoomSession session, string kind, string id)
    {
        Session = session;
        Kind = kind;
        Id = id;
    }

    /// <summary>Its id.</summary>
    public string Id { get; }

    /// <summary>The room of its session.</summary>
    public string RoomId => Session.RoomId;

    /// <summary>Its session.</summary>
    public string RoomSessionId => Session.Id;

    /// <summary>When it began; null when it did not.</summary>
    public DateTimeOffset? StartedAt => _run.StartedAt;

    /// <summary>When it ended; null until then, and when its end was not heard of because the server was lost meanwhile.</summary>
    public DateTimeOffset? EndedAt => _run.EndedAt;

    /// <summary>How long it ran; null while it runs, and when its end was not heard of.</summary>
    public TimeSpan? Duration => _run.Duration;

    /// <summary>Whether it is over.</summary>
    public bool HasEnded => _run.HasEnded;

    /// <summary>What went wrong, as the server says it; null when nothing did.</summary>
    public string? Error => _run.Error;

    private protected RoomSession Session { get; }

    /// <summary>stream, recording or playback: in the names of methods, events and fields.</summary>
    private protected string Kind { get; }

    /// <summary>Ends it. It is over when its end is told, and <see cref="HasEnded"/> says so.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">WrongState when it is over; what the server refuses.</exception>
    public Task StopAsync(CancellationToken cancellationToken = default) => CallAsync("stop", cancellationToken);

    /// <summary>Waits until it is over.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task WaitForEndAsync(CancellationToken cancellationToken = default) => _over.Task.WaitAsync(cancellationToken);

    /// <summary>Takes what the server says of it.</summary>
    internal void Apply(JsonElement said, bool isOver)
    {
        var before = _run;
        Take(said);
        _run = before with
        {
            StartedAt = said.Time("started_at") ?? before.StartedAt,
            EndedAt = said.Time("ended_at") ?? before.EndedAt,
            Duration = said.Seconds("duration") ?? before.Duration,
            Error = said.Text("error") ?? before.Error,
            HasEnded = isOver || before.HasEnded,
        };
        if (_run.HasEnded)
        {
            _over.TrySetResult();
        }
    }

    /// <summary>It has begun.</summary>
    internal abstract void TellStarted();

    /// <summary>It is over.</summary>
    internal abstract void TellEnded();

    /// <summary>Takes the fields that are its own.</summary>
    private protected abstract void Take(JsonElement said);

    private protected Task CallAsync(string method, CancellationToken cancellationToken, Action<JsonObject>? add = null)
    {
        if (HasEnded)
        {
            throw new RealtimeKitException(RealtimeKitError.WrongState, $"The {Kind} is over.");
        }

        return Session.CallAsync(
            $"video.{Kind}.{method}",
            parameters =>
            {
                parameters[$"{Kind}_id"] = Id;
                add?.Invoke(parameters);
            },
            cancellationToken);
    }

    private sealed record Run(DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, TimeSpan? Duration, string? Error, bool HasEnded);
}
