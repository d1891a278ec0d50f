namespace Roomcast.TestKit.Server;

/// <summary>How a server is started for a test.</summary>
public sealed record RoomcastStart
{
    /// <summary>Its data folder, which stays afterwards; null for a temporary one that goes with the process.</summary>
    public string? DataFolder { get; init; }

    /// <summary>The folder it is started in; null for the data folder's parent.</summary>
    public string? WorkingFolder { get; init; }

    /// <summary>Arguments after those that name the data folder and free ports, which they override.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment variables besides this process's own, whose <c>ROOMCAST_</c> variables are left out.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether <c>--data</c> and port 0 for every listener are passed; false when a test sets them its own way.</summary>
    public bool WithDefaults { get; init; } = true;
}

/// <summary>How a server ended.</summary>
/// <param name="ExitCode">Its exit code; 128 and the signal's number when a signal ended it.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Errors">What it wrote to standard error: its log.</param>
public sealed record RoomcastExit(int ExitCode, string Output, string Errors);

/// <summary>What first start wrote for the owner.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="AppId">Its app.</param>
/// <param name="ApiToken">The API token.</param>
public sealed record RoomcastCredentials(string AccountId, string AppId, string ApiToken)
{
    /// <summary>Says whose they are, without the token.</summary>
    public override string ToString() => $"credentials of account {AccountId}";
}
