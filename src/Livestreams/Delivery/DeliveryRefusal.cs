using System.Text;
using Microsoft.AspNetCore.Http;

namespace Roomcast.Livestreams.Delivery;

/// <summary>One way in which a viewer's request is refused: status, body and how long caches may keep it.</summary>
/// <remarks>Bodies are small JSON, made once: <c>{"error":{"code":"…","message":"…"}}</c>.</remarks>
internal sealed class DeliveryRefusal
{
    private DeliveryRefusal(int status, string code, string message, bool isPassing = false)
    {
        Status = status;
        Body = Encoding.UTF8.GetBytes($$$"""{"error":{"code":"{{{code}}}","message":"{{{message}}}"}}""");
        IsPassing = isPassing;
    }

    /// <summary>Nothing is at this address.</summary>
    public static DeliveryRefusal NotFound { get; } = new(StatusCodes.Status404NotFound, "not_found", "There is nothing at this address.");

    /// <summary>The livestream is not on air, or there is none of this id.</summary>
    public static DeliveryRefusal NotLive { get; } = new(StatusCodes.Status404NotFound, "not_live", "This livestream is not live.");

    /// <summary>The method is none of GET, HEAD and OPTIONS.</summary>
    public static DeliveryRefusal MethodNotAllowed { get; } =
        new(StatusCodes.Status405MethodNotAllowed, "method_not_allowed", "Only GET, HEAD and OPTIONS are answered here.");

    /// <summary>The livestream needs a token and none was given.</summary>
    public static DeliveryRefusal TokenRequired { get; } =
        new(StatusCodes.Status403Forbidden, "playback_token_required", "This livestream needs a signed address.");

    /// <summary>The token is not ours, or of another livestream.</summary>
    public static DeliveryRefusal TokenInvalid { get; } =
        new(StatusCodes.Status403Forbidden, "playback_token_invalid", "The playback token is not valid for this livestream.");

    /// <summary>The token's time is over.</summary>
    public static DeliveryRefusal TokenExpired { get; } =
        new(StatusCodes.Status403Forbidden, "playback_token_expired", "The playback token has expired.");

    /// <summary>The request was held as long as it may be.</summary>
    public static DeliveryRefusal HeldTooLong { get; } = new(
        StatusCodes.Status503ServiceUnavailable, "held_too_long", "No new media has come for three target durations.", isPassing: true);

    /// <summary>As many requests are held as may be.</summary>
    public static DeliveryRefusal TooManyHeld { get; } = new(
        StatusCodes.Status503ServiceUnavailable, "too_many_viewers", "Too many requests are waiting; try again.", isPassing: true);

    /// <summary>The range lies outside the media.</summary>
    public static DeliveryRefusal RangeNotSatisfiable { get; } = new(
        StatusCodes.Status416RangeNotSatisfiable, "range_not_satisfiable", "The range lies behind the end of the media.");

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>The body.</summary>
    public byte[] Body { get; }

    /// <summary>Whether it may be otherwise a moment later: not to be cached, and to be tried again in a second.</summary>
    public bool IsPassing { get; }

    /// <summary>A rule of the specification was broken.</summary>
    /// <param name="fault">Which, one sentence of ours.</param>
    public static DeliveryRefusal BadRequest(string fault) => new(StatusCodes.Status400BadRequest, "bad_request", fault);
}
