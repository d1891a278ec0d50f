using Roomcast.Accounts;
using Roomcast.Meetings.Records;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Webhooks;

/// <summary>What events tell of the session they are about.</summary>
internal static class MeetingBlock
{
    /// <summary>The block, by what the transaction knows.</summary>
    public static async Task<MeetingPayload> OfAsync(DatabaseTransaction transaction, SessionRecord session) => new(
        session.MeetingId.Value,
        session.Id.Value,
        session.MeetingTitle,
        session.MeetingId.Value,
        "LIVE",
        session.CreatedAt,
        session.StartedAt,
        session.EndedAt,
        await OrganizerAsync(transaction, session.AppId));

    /// <summary>The app.</summary>
    public static async Task<OrganizerPayload> OrganizerAsync(DatabaseTransaction transaction, AppId appId) =>
        new(appId.Value, (await AppStore.FindAsync(transaction, appId))?.Name);
}
