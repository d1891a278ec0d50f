using System.Collections.Concurrent;
using System.Net;
using Roomcast.Accounts;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>What the recording of web pages is given by the server around it.</summary>
public interface IPageHost
{
    /// <summary>Where this server is reached, by what runs on its own machine.</summary>
    PageServer Server { get; }

    /// <summary>Lets a page take part in a meeting: somebody whom nobody sees, for as long as it is not disposed of.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="meetingId">The meeting; that the app has it is known.</param>
    /// <param name="recordingId">The recording.</param>
    PageGuest Invite(AppId appId, Guid meetingId, RecordingId recordingId);

    /// <summary>Opens a place for a page's picture and sound, which <see cref="Composition.ICompositionSource"/> knows by the recording's id.</summary>
    IPageStage OpenStage(RecordingId recordingId);
}

/// <summary>Where this server is reached.</summary>
/// <param name="ClientBase">What web clients are given as their <c>baseURI</c>: host and port.</param>
/// <param name="Names">The names and addresses it goes by.</param>
/// <param name="EndPoints">Its listeners for HTTP, with and without TLS, by the port that is told to others.</param>
/// <param name="KeyDigest">SHA-256 over the public key (SubjectPublicKeyInfo) of the certificate that it shows now; empty without TLS.</param>
public sealed record PageServer(string ClientBase, IReadOnlySet<string> Names, IReadOnlyDictionary<int, IPEndPoint> EndPoints, ReadOnlyMemory<byte> KeyDigest)
{
    /// <summary>The machine's addresses, also those that others reach it at: what else listens there is no page's business.</summary>
    public IReadOnlySet<IPAddress> Addresses { get; init; } = new HashSet<IPAddress>();

    /// <summary>Where the connections of pages to the server are noted.</summary>
    public PageConnections Connections { get; init; } = new();

    /// <summary>Whether host and port, as they are told to others, are this server.</summary>
    internal bool IsAt(string host, int port) => Names.Contains(host) && EndPoints.ContainsKey(port);
}

/// <summary>The connections that pages have to this server: what is for its owner alone is not shown by them. Thread-safe.</summary>
public sealed class PageConnections
{
    private readonly ConcurrentDictionary<IPEndPoint, bool> _all = new();

    /// <summary>Whether a connection is one of a page.</summary>
    /// <param name="address">The address that it comes from.</param>
    /// <param name="port">The port that it comes from.</param>
    public bool Contains(IPAddress? address, int port) => address is not null && _all.ContainsKey(Plain(new IPEndPoint(address, port)));

    internal void Add(IPEndPoint from) => _all[Plain(from)] = true;

    internal void Remove(IPEndPoint from) => _all.TryRemove(Plain(from), out _);

    private static IPEndPoint Plain(IPEndPoint point) =>
        point.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(point.Address.MapToIPv4(), point.Port) : point;
}

/// <summary>A page's part in a meeting. Ends when disposed of.</summary>
/// <param name="Token">The participant token; secret.</param>
/// <param name="End">Ends it: the token, and whoever is in the meeting by it.</param>
public sealed record PageGuest(string Token, Func<Task> End) : IAsyncDisposable
{
    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await End();

    /// <summary>Says nothing of the token.</summary>
    public override string ToString() => nameof(PageGuest);
}

/// <summary>Where the picture and sound of a page arrive. Disposing of it closes it.</summary>
public interface IPageStage : IAsyncDisposable
{
    /// <summary>Agrees on the media of a browser that sends one picture (VP8) and one sound (Opus).</summary>
    /// <param name="offer">Its offer, SDP.</param>
    /// <returns>The answer, with all candidates.</returns>
    /// <exception cref="IOException">It cannot be agreed on; the message says why.</exception>
    Task<string> AnswerAsync(string offer);
}
