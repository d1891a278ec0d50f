using System.Globalization;
using Roomcast.Egress.Composition;

namespace Roomcast.Relay.Rooms;

/// <summary>Positions in a layout, by the names controllers know them by.</summary>
internal static class PositionNames
{
    public const string Auto = "auto";
    public const string OffCanvas = "off-canvas";
    public const string FullScreen = "full-screen";

    /// <summary>Where something that is played is shown. Members cannot choose it.</summary>
    public const string Playback = "playback";

    /// <summary>Whoever asks, where members are named: a controller is none.</summary>
    public const string Self = "self";

    private const string Standard = "standard-";
    private const string Reserved = "reserved-";
    private const int MostSeats = 25;

    /// <summary>Chooses a position for a peer; false when there is none of this name.</summary>
    public static bool TryChoose(string position, out Func<PeerDirection, PeerDirection> change)
    {
        change = peer => peer with { Seat = null, IsUnseen = false, FillsPicture = false };
        var clear = change;
        switch (position)
        {
            case Auto:
                return true;
            case OffCanvas:
                change = peer => clear(peer) with { IsUnseen = true };
                return true;
            case FullScreen:
                change = peer => clear(peer) with { FillsPicture = true };
                return true;
        }

        if (!TrySeat(position, out var seat))
        {
            return false;
        }

        change = peer => clear(peer) with { Seat = seat };
        return true;
    }

    /// <summary>The position that was chosen for a peer.</summary>
    /// <param name="peer">What was chosen.</param>
    /// <param name="isReserved">Whether its seat was asked for by the other of the two names that seats have.</param>
    public static string Of(PeerDirection peer, bool isReserved) =>
        peer.IsUnseen ? OffCanvas : peer.FillsPicture ? FullScreen : peer.Seat is { } seat ? OfSeat(seat, isReserved) : Auto;

    /// <summary>The position of a tile.</summary>
    public static string OfSeat(int seat, bool isReserved = false) =>
        string.Create(CultureInfo.InvariantCulture, $"{(isReserved ? Reserved : Standard)}{seat + 1}");

    /// <summary>Whether a position is a seat by its name of a reserved one.</summary>
    public static bool IsReserved(string position) => position.StartsWith(Reserved, StringComparison.Ordinal);

    // Both kinds count from 1.
    private static bool TrySeat(string position, out int seat)
    {
        seat = 0;
        var digits = position.StartsWith(Standard, StringComparison.Ordinal) ? position[Standard.Length..]
            : position.StartsWith(Reserved, StringComparison.Ordinal) ? position[Reserved.Length..] : "";
        if (digits.Length is 0 or > 2 || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number is < 1 or > MostSeats)
        {
            return false;
        }

        seat = number - 1;
        return true;
    }
}
