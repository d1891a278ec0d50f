namespace Roomcast.Transcripts.Services;

/// <summary>What a service is for.</summary>
public enum AiServiceKind
{
    /// <summary>Writes down speech.</summary>
    Transcription,

    /// <summary>Summarises transcripts.</summary>
    Summary,
}

/// <summary>A service at an HTTP address that speaks as OpenAI's API does.</summary>
/// <param name="Address">What paths such as <c>/audio/transcriptions</c> are put after, before its query; absolute, http or https, without a user and a fragment.</param>
/// <param name="Model">The model that is asked for.</param>
/// <param name="ApiKey">Sent as a bearer token; null for none. A secret.</param>
/// <param name="IsOperators">Whether the operator of the server chose it: it may be at a private address then.</param>
public sealed record AiService(Uri Address, string Model, string? ApiKey, bool IsOperators)
{
    /// <summary>Says where, without the key.</summary>
    public override string ToString() => $"{Model} at {Address.Host}";
}

/// <summary>A service did not do what it was asked. The message is for the owner and holds no secret.</summary>
/// <param name="message">Why.</param>
/// <param name="isPassing">Whether the same may well succeed later.</param>
/// <param name="innerException">What lies behind it.</param>
public sealed class AiServiceException(string message, bool isPassing, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Whether the same may well succeed later.</summary>
    public bool IsPassing => isPassing;
}
