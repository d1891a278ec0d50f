using System.Net.Http;
using Roomcast.Client.Media;

namespace Roomcast.Client;

/// <summary>How a meeting is entered.</summary>
public sealed record RealtimeKitOptions
{
    /// <summary>The participant token, as adding a participant answers it.</summary>
    public required string AuthToken { get; init; }

    /// <summary>
    /// Where the server is: its scheme (http or https), host and port, for example <c>https://meet.example.com</c>. Everything is
    /// asked for there, unless <see cref="UsesServiceNames"/>.
    /// </summary>
    public required Uri BaseUri { get; init; }

    /// <summary>
    /// Whether the names that web clients make are put before the host: <c>api.</c> for HTTP, <c>socket-edge.</c> for the socket.
    /// A server of this house answers on any name, so false by default.
    /// </summary>
    public bool UsesServiceNames { get; init; }

    /// <summary>What pictures are taken from; null to send none. Enabling the camera begins it.</summary>
    public IVideoSource? Video { get; init; }

    /// <summary>What sound is taken from; null to send none.</summary>
    public IAudioSource? Audio { get; init; }

    /// <summary>What a shared screen is taken from; null to share none.</summary>
    public IVideoSource? ScreenShare { get; init; }

    /// <summary>Whether the sound is sent as soon as the meeting is joined; true by default.</summary>
    public bool IsAudioEnabled { get; init; } = true;

    /// <summary>Whether pictures are sent as soon as the meeting is joined; true by default.</summary>
    public bool IsVideoEnabled { get; init; } = true;

    /// <summary>Whether the tracks of others are received by themselves; true by default. Otherwise see <see cref="Meeting.Participants.SubscribeAsync"/>.</summary>
    public bool IsSubscribing { get; init; } = true;

    /// <summary>
    /// Which encoding of pictures is received where there are several, by its name; default <c>f</c>, what web clients call the best.
    /// The server gives a smaller one while there is no room for it, and another one when there is none of this name.
    /// </summary>
    public string PreferredEncoding { get; init; } = "f";

    /// <summary>Plugins that may be activated; they run where the application runs them, and only their state is shared.</summary>
    public IReadOnlyList<PluginDefinition> Plugins { get; init; } = [];

    /// <summary>Where events are raised; null for the context of the caller of <see cref="RealtimeKitClient.InitAsync"/>, or one of the client's own.</summary>
    public SynchronizationContext? EventContext { get; init; }

    /// <summary>Sends the HTTP calls; null for one of the client's own.</summary>
    public HttpMessageHandler? HttpHandler { get; init; }

    /// <summary>Judges the server's certificate for the socket, as <see cref="HttpHandler"/> does for HTTP; null for the system's judgement.</summary>
    public System.Net.Security.RemoteCertificateValidationCallback? CertificateValidation { get; init; }

    /// <summary>How long a request may take. 1 s or more; default 20 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Clock and timers; the system's by default.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Says where, and not with what token.</summary>
    public override string ToString() => $"meeting at {BaseUri}";
}

/// <summary>A plugin of the application.</summary>
/// <param name="Id">Its id, the same in all clients of the meeting.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Icon">Address of its icon; null for none.</param>
public sealed record PluginDefinition(string Id, string Name, string? Icon = null);
