using Roomcast.Accounts;

namespace Roomcast.RealtimeKit.Rest.Apps;

/// <summary>An app as this API tells it; <c>playback</c> is an addition of ours.</summary>
internal sealed record AppResponse(Guid Id, string? Name, DateTimeOffset CreatedAt, string Playback)
{
    public static readonly IReadOnlyDictionary<string, PlaybackAccess> PlaybackWords = new Dictionary<string, PlaybackAccess>
    {
        ["public"] = PlaybackAccess.Public,
        ["signed"] = PlaybackAccess.Signed,
    };

    public static AppResponse Of(App app) =>
        new(app.Id.Value, app.Name, app.CreatedAt, app.Playback is PlaybackAccess.Signed ? "signed" : "public");
}

/// <summary>What making an app answers.</summary>
internal sealed record CreatedAppResponse(AppResponse App);
