using Roomcast.Rtmp.Connection;

namespace Roomcast.Livestreams.Ingest;

/// <summary>Finds the stream key in what an encoder sends, in all the forms that encoders and people give it.</summary>
/// <remarks>
/// <para>The name of the application means nothing: the key alone tells the livestream. These all name the key K:</para>
/// <list type="bullet">
/// <item><c>rtmp://host/live</c> and K, or joined <c>rtmp://host/live/K</c>;</item>
/// <item><c>rtmp://host/live/instance</c> and K; <c>rtmp://host</c> and K;</item>
/// <item>K with a query, <c>K?x=y</c>; with slashes in front or behind; with blanks from a clumsy paste; <c>mp4:K</c>, <c>flv:K</c>;</item>
/// <item>no stream name at all: <c>rtmp://host/live/K</c> or <c>rtmp://host/K</c> given as the server alone;</item>
/// <item>no stream name, and <c>rtmp://user:K@host/live</c> or <c>rtmp://K@host/live</c>.</item>
/// </list>
/// <para>Case is kept. Whether the key is right is for the gate to say, in constant time.</para>
/// </remarks>
internal static class StreamKeys
{
    private const int MaxKeyLength = 512;

    /// <summary>The key; empty when there is none.</summary>
    public static string Find(RtmpPublishRequest request)
    {
        var key = LastSegment(request.StreamName);
        if (key.Length == 0)
        {
            key = UserInfo(request.TcUrl);
        }

        if (key.Length == 0)
        {
            key = LastSegment(request.App);
        }

        return key.Length > MaxKeyLength ? "" : key.ToString();
    }

    private static ReadOnlySpan<char> LastSegment(ReadOnlySpan<char> path)
    {
        var query = path.IndexOf('?');
        path = (query < 0 ? path : path[..query]).Trim().Trim('/');
        var segment = path[(path.LastIndexOf('/') + 1)..];
        if (segment.StartsWith("mp4:") || segment.StartsWith("flv:"))
        {
            segment = segment[4..];
        }

        return segment.Trim();
    }

    // Not by Uri: a key there need not be a well-formed user name.
    private static ReadOnlySpan<char> UserInfo(ReadOnlySpan<char> address)
    {
        var start = address.IndexOf("://");
        if (start < 0)
        {
            return default;
        }

        var authority = address[(start + 3)..];
        var slash = authority.IndexOf('/');
        authority = slash < 0 ? authority : authority[..slash];
        var at = authority.LastIndexOf('@');
        var user = at < 0 ? default : authority[..at];
        return user[(user.IndexOf(':') + 1)..];
    }
}
