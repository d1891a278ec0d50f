namespace Roomcast.Webhooks.Delivery;

/// <summary>What an attempt means for its delivery.</summary>
internal enum AttemptVerdict
{
    /// <summary>The receiver took it.</summary>
    Delivered,

    /// <summary>It may be taken later.</summary>
    Later,

    /// <summary>It will not be taken.</summary>
    Never,
}

/// <summary>What came back of one attempt.</summary>
/// <param name="Verdict">What it means.</param>
/// <param name="HttpStatus">The status; null when none came.</param>
/// <param name="Error">Why it failed, for a person; null when it did not.</param>
/// <param name="RetryAfter">When the receiver asked to be tried again; null when it did not say.</param>
internal readonly record struct AttemptOutcome(AttemptVerdict Verdict, int? HttpStatus, string? Error, TimeSpan? RetryAfter)
{
    /// <summary>The outcome that a status means: 2xx is taken; 5xx, 408 and 429 may be later; anything else will not be.</summary>
    public static AttemptOutcome Of(int status, TimeSpan? retryAfter) => status switch
    {
        >= 200 and < 300 => new(AttemptVerdict.Delivered, status, null, null),
        >= 300 and < 400 => new(AttemptVerdict.Never, status, "the receiver answered with a redirect, which is not followed", null),
        408 or 429 or >= 500 => new(AttemptVerdict.Later, status, $"the receiver answered {status}", retryAfter),
        _ => new(AttemptVerdict.Never, status, $"the receiver answered {status}", null),
    };

    /// <summary>No answer came.</summary>
    public static AttemptOutcome Unanswered(string error) => new(AttemptVerdict.Later, null, error, null);

    /// <summary>It must not even be tried.</summary>
    public static AttemptOutcome Forbidden(string error) => new(AttemptVerdict.Never, null, error, null);
}
