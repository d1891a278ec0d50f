using System.Diagnostics.CodeAnalysis;

namespace Roomcast.Rtmp.Connection;

/// <summary>Where a client publishes: the address taken apart.</summary>
public sealed record RtmpTarget
{
    private RtmpTarget()
    {
    }

    /// <summary>Host name or address literal, without brackets.</summary>
    public required string Host { get; init; }

    /// <summary>Port; 1935 for rtmp and 443 for rtmps when the address names none.</summary>
    public required int Port { get; init; }

    /// <summary>Whether it is rtmps.</summary>
    public required bool IsEncrypted { get; init; }

    /// <summary>The application: the path up to the stream name.</summary>
    public required string App { get; init; }

    /// <summary>The stream name: the last part of the path with its query. A secret, as a rule.</summary>
    public required string StreamName { get; init; }

    /// <summary>The address without the stream name, as connect tells it.</summary>
    public required string TcUrl { get; init; }

    /// <summary>Whether the address names a user: no part of what is said to the server, since we speak none of the forms for it.</summary>
    public required bool NamesUser { get; init; }

    /// <summary>Takes an address apart: <c>rtmp[s]://host[:port]/app[/instance]/name[?query]</c>.</summary>
    /// <param name="address">The whole address with the stream name.</param>
    /// <param name="target">The parts.</param>
    /// <returns>False when it is no such address.</returns>
    public static bool TryParse(string? address, [NotNullWhen(true)] out RtmpTarget? target) => TryParse(address, null, out target);

    /// <summary>Takes an address apart whose stream name is told beside it, as many services do.</summary>
    /// <param name="address">With a stream name, <c>rtmp[s]://host[:port]/app[/instance][?query]</c>; else as the other form has it.</param>
    /// <param name="streamName">The stream name; null when it stands in the address.</param>
    /// <param name="target">The parts.</param>
    /// <returns>False when it is no such address.</returns>
    public static bool TryParse(string? address, string? streamName, [NotNullWhen(true)] out RtmpTarget? target)
    {
        target = null;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("rtmp" or "rtmps") || uri.Host.Length == 0)
        {
            return false;
        }

        // Uri would decode and normalise; a stream name goes over the wire as it was given.
        var path = address.AsSpan(address.IndexOf("://", StringComparison.Ordinal) + 3);
        var slash = path.IndexOf('/');
        if (slash < 0 && streamName is null)
        {
            return false;
        }

        path = slash < 0 ? [] : path[(slash + 1)..];
        var app = path.TrimEnd('/').ToString();
        var name = streamName;
        if (name is null)
        {
            var query = path.IndexOf('?');
            var end = (query < 0 ? path : path[..query]).LastIndexOf('/');
            app = end < 0 ? "" : path[..end].ToString();
            name = path[(end + 1)..].ToString();
        }

        if (name.Length == 0)
        {
            return false;
        }

        var isEncrypted = uri.Scheme == "rtmps";
        var authority = uri.IsDefaultPort ? uri.Host : $"{uri.Host}:{uri.Port}";
        target = new RtmpTarget
        {
            Host = uri.DnsSafeHost,
            Port = uri.IsDefaultPort || uri.Port < 0 ? (isEncrypted ? 443 : 1935) : uri.Port,
            IsEncrypted = isEncrypted,
            App = app,
            StreamName = name,
            TcUrl = $"{uri.Scheme}://{authority}/{app}",
            NamesUser = uri.UserInfo.Length > 0,
        };
        return true;
    }

    /// <summary>The address without the stream name, and without what follows a question mark in the application.</summary>
    public override string ToString() => TcUrl.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? TcUrl[..query] : TcUrl;
}
