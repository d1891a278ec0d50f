using Roomcast.Livestreams;

namespace Roomcast.RealtimeKit.Rest.Livestreams;

/// <summary>Who watches now.</summary>
internal sealed record ViewersResponse(
    int Count, IReadOnlyList<PlayerCountResponse> ByPlayer, IReadOnlyList<ViewerResponse> Viewers)
{
    public static ViewersResponse Of(ViewersReport report) => new(
        report.Count,
        [
            .. report.ByPlayer
                .OrderByDescending(family => family.Value)
                .ThenBy(family => family.Key, StringComparer.Ordinal)
                .Select(family => new PlayerCountResponse(family.Key, family.Value)),
        ],
        [.. report.Viewers.Select(viewer => new ViewerResponse(viewer.Id, viewer.Player, viewer.Since))]);
}

/// <summary>Viewers with players of one family.</summary>
internal sealed record PlayerCountResponse(string Player, int Count);

/// <summary>One viewer.</summary>
internal sealed record ViewerResponse(string Id, string Player, DateTimeOffset Since);
