namespace Roomcast.Livestreams.Lifecycle;

/// <summary>Knows which session of a meeting is under way, so that a livestream session can name it.</summary>
/// <remarks>The host registers one; without it livestreams of meetings name none.</remarks>
public interface IMeetingSessionLookup
{
    /// <summary>The session under way; null when there is none.</summary>
    Guid? Find(Guid meetingId);
}
