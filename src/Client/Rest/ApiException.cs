namespace Roomcast.Client.Rest;

/// <summary>One thing that the API found wrong.</summary>
/// <param name="Code">The API's number for it.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Source">The field or parameter; null when it is none.</param>
public sealed record ApiFault(int Code, string Message, string? Source);

/// <summary>The REST API refused a call.</summary>
public sealed class ApiException : RealtimeKitException
{
    internal ApiException(RealtimeKitError error, int status, IReadOnlyList<ApiFault> faults, string message)
        : base(error, message)
    {
        Status = status;
        Faults = faults;
    }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>All that is wrong.</summary>
    public IReadOnlyList<ApiFault> Faults { get; }
}
