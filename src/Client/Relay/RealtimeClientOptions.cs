using System.Net.Security;

namespace Roomcast.Client.Relay;

/// <summary>Which project is controlled, where, and with what right.</summary>
public sealed record RealtimeClientOptions
{
    /// <summary>The project: at a server of this house, the id of an app.</summary>
    public required string Project { get; init; }

    /// <summary>The API token: a secret.</summary>
    public required string Token { get; init; }

    /// <summary>
    /// Where the server is: an address of <c>ws://</c> or <c>wss://</c>, for example <c>ws://127.0.0.1:8080</c>. Without a scheme
    /// <c>wss://</c> is put in front.
    /// </summary>
    public required string Host { get; init; }

    /// <summary>Where events are raised; null for the context of the caller of <see cref="RealtimeClient.ConnectAsync"/>, or one of the client's own.</summary>
    public SynchronizationContext? EventContext { get; init; }

    /// <summary>Judges the server's certificate; null for the system's judgement.</summary>
    public RemoteCertificateValidationCallback? CertificateValidation { get; init; }

    /// <summary>
    /// How long a request may wait for its answer; the connection is made anew after that, since the protocol has every request answered
    /// within 10 s. 1 s to 1 min; default 10 s.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Clock and timers; the system's by default.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Says where, and not with what token.</summary>
    public override string ToString() => $"project {Project} at {Host}";

    /// <summary>The address of the socket.</summary>
    /// <exception cref="ArgumentException">Something is missing, or out of its range.</exception>
    internal Uri Check()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Project);
        ArgumentException.ThrowIfNullOrWhiteSpace(Token);
        ArgumentException.ThrowIfNullOrWhiteSpace(Host);
        ArgumentOutOfRangeException.ThrowIfLessThan(RequestTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(RequestTimeout, TimeSpan.FromMinutes(1));
        var text = Host.Contains("://", StringComparison.Ordinal) ? Host : "wss://" + Host;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { Scheme: "ws" or "wss", Host.Length: > 0 }
            ? address
            : throw new ArgumentException("Host is to be an address of ws or wss, or a host with or without a port.", nameof(Host));
    }
}
