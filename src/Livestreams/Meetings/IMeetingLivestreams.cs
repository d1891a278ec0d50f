using Roomcast.Accounts;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Meetings;

/// <summary>The livestreams of meetings: at most one of each meeting is active. Thread-safe.</summary>
/// <remarks>
/// The host implements it, since it takes a meeting, its composition and a livestream. <c>AddLivestreams</c> adds one that knows
/// of no session; the one added last is taken.
/// </remarks>
public interface IMeetingLivestreams
{
    /// <summary>Starts to livestream a meeting. It is live once a player can play it, which its status tells.</summary>
    /// <param name="appId">The app.</param>
    /// <param name="meetingId">The meeting; the caller has found it in the app.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MeetingLivestreamException">There is no session, one is active, or it cannot be composed.</exception>
    Task<Livestream> StartAsync(AppId appId, Guid meetingId, MeetingLivestreamRequest request, CancellationToken cancellationToken);

    /// <summary>The livestream that is live or about to be; null when there is none.</summary>
    Task<Livestream?> FindActiveAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken);

    /// <summary>Ends the active livestream for good. False when there is none.</summary>
    Task<bool> StopAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken);
}

/// <summary>A livestream that is wanted of a meeting.</summary>
/// <param name="Name">1 to 256 characters, or null.</param>
/// <param name="IsManual">Whether the customer's own encoder publishes, to the livestream's stream key.</param>
public sealed record MeetingLivestreamRequest(string? Name, bool IsManual)
{
    /// <summary>Width of the composed picture in pixels, 128 to 1,920; odd ones are made even.</summary>
    public int Width { get; init; } = 1_280;

    /// <summary>Height of the composed picture in pixels, 128 to 1,920; odd ones are made even.</summary>
    public int Height { get; init; } = 720;

    /// <summary>How the picture is laid out; null as the server is set.</summary>
    public LivestreamLayout? Layout { get; init; }

    /// <summary>Colour of the background as RGB, for example 0x101418; null as the server is set.</summary>
    public int? BackgroundRgb { get; init; }

    /// <summary>Where a picture that fills the background is fetched from, http or https; null as the server is set, or for the colour alone.</summary>
    public string? BackgroundAddress { get; init; }

    /// <summary>A picture over a corner; null as the server is set.</summary>
    public LivestreamWatermark? Watermark { get; init; }
}

/// <summary>A picture laid over a corner of a livestream.</summary>
/// <param name="Address">Where it is fetched from, http or https.</param>
/// <param name="Corner">Where it is shown.</param>
/// <param name="Width">In pixels; 0 for its own.</param>
/// <param name="Height">In pixels; 0 for its own.</param>
public sealed record LivestreamWatermark(string Address, LivestreamCorner Corner, int Width, int Height);

/// <summary>A corner of the composed picture of a meeting.</summary>
public enum LivestreamCorner
{
    /// <summary>Left top.</summary>
    LeftTop,

    /// <summary>Right top.</summary>
    RightTop,

    /// <summary>Left bottom.</summary>
    LeftBottom,

    /// <summary>Right bottom.</summary>
    RightBottom,
}

/// <summary>How the composed picture of a meeting is laid out.</summary>
public enum LivestreamLayout
{
    /// <summary>A shared screen with a strip at its side while there is one, else whom a host chose, else the grid.</summary>
    Automatic,

    /// <summary>Equal tiles for all.</summary>
    Grid,

    /// <summary>Who speaks large, the others in a strip.</summary>
    Speaker,

    /// <summary>Whom a host chose, else who speaks, alone.</summary>
    Spotlight,

    /// <summary>The shared screen large, people in a strip at its side.</summary>
    ScreenShare,

    /// <summary>One picture fills everything: the shared screen, else whom a host chose, else who speaks.</summary>
    Single,
}

/// <summary>Why a meeting is not livestreamed.</summary>
public enum MeetingLivestreamRefusal
{
    /// <summary>Nobody is in the meeting.</summary>
    NoSession,

    /// <summary>A livestream of the meeting is active.</summary>
    AlreadyActive,

    /// <summary>This server cannot compose, or not now; the message says why.</summary>
    CannotCompose,
}

/// <summary>A meeting is not livestreamed.</summary>
/// <param name="refusal">Why.</param>
/// <param name="message">The same for people.</param>
/// <param name="retryAfter">When it is worth another attempt; null when it is not.</param>
public sealed class MeetingLivestreamException(MeetingLivestreamRefusal refusal, string message, TimeSpan? retryAfter = null)
    : Exception(message)
{
    /// <summary>Why.</summary>
    public MeetingLivestreamRefusal Refusal { get; } = refusal;

    /// <summary>When it is worth another attempt; null when it is not.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>Where no meeting takes place.</summary>
internal sealed class NoMeetingLivestreams : IMeetingLivestreams
{
    public Task<Livestream> StartAsync(
        AppId appId, Guid meetingId, MeetingLivestreamRequest request, CancellationToken cancellationToken) =>
        throw new MeetingLivestreamException(MeetingLivestreamRefusal.NoSession, "Nobody is in the meeting.");

    public Task<Livestream?> FindActiveAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) =>
        Task.FromResult<Livestream?>(null);

    public Task<bool> StopAsync(AppId appId, Guid meetingId, CancellationToken cancellationToken) => Task.FromResult(false);
}
