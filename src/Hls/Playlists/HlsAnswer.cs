namespace Roomcast.Hls.Playlists;

/// <summary>What a reader's question comes to.</summary>
public enum HlsAnswerKind
{
    /// <summary>There is no such thing, or not any more.</summary>
    NotFound,

    /// <summary>Here it is.</summary>
    Ready,

    /// <summary>It will be there: wait for the task, and ask again.</summary>
    Wait,

    /// <summary>The question breaks a rule of the specification.</summary>
    BadRequest,
}

/// <summary>The answer to a reader of a livestream.</summary>
/// <typeparam name="T">What was asked for.</typeparam>
public readonly struct HlsAnswer<T>
    where T : class
{
    private HlsAnswer(HlsAnswerKind kind, T? value, Task? wait, string? fault)
    {
        Kind = kind;
        Value = value;
        Wait = wait;
        Fault = fault;
    }

    /// <summary>What it comes to.</summary>
    public HlsAnswerKind Kind { get; }

    /// <summary>What was asked for, when <see cref="Kind"/> is <see cref="HlsAnswerKind.Ready"/>.</summary>
    public T? Value { get; }

    /// <summary>
    /// Completes when asking again may help; shared by all who wait for the same. It never faults, and completes at the
    /// latest when the stream ends or somebody calls <see cref="HlsStream.WakeWaiters"/>.
    /// </summary>
    public Task? Wait { get; }

    /// <summary>Which rule was broken, one sentence, when <see cref="Kind"/> is <see cref="HlsAnswerKind.BadRequest"/>.</summary>
    public string? Fault { get; }

    internal static HlsAnswer<T> NotFound => default;

    internal static HlsAnswer<T> Ready(T value) => new(HlsAnswerKind.Ready, value, null, null);

    internal static HlsAnswer<T> Waiting(Task wait) => new(HlsAnswerKind.Wait, null, wait, null);

    internal static HlsAnswer<T> Bad(string fault) => new(HlsAnswerKind.BadRequest, null, null, fault);
}
