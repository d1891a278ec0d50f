using System.Diagnostics;
using OpenTelemetry;

namespace Roomcast.Server.Observability;

/// <summary>Takes playback tokens out of the paths of traces before they are sent.</summary>
internal sealed class PathCover : BaseProcessor<Activity>
{
    // The token is the step behind these words: /watch/t/{token}/{livestream}.
    private static readonly string[] BeforeToken = ["/watch/t/", "/live/t/"];

    /// <inheritdoc/>
    public override void OnEnd(Activity data)
    {
        if (data.GetTagItem(RequestSampler.PathTag) is string path && Cover(path) is { } covered)
        {
            data.SetTag(RequestSampler.PathTag, covered);
        }
    }

    /// <summary>The path with its token covered; null when it has none.</summary>
    internal static string? Cover(string path)
    {
        if (Array.Find(BeforeToken, start => path.StartsWith(start, StringComparison.OrdinalIgnoreCase)) is not { } start)
        {
            return null;
        }

        var end = path.IndexOf('/', start.Length);
        return string.Concat(path.AsSpan(0, start.Length), "...", end < 0 ? "" : path.AsSpan(end));
    }
}
