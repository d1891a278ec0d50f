using System.Text.Json.Nodes;

namespace Roomcast.Client.Relay;

/// <summary>How media is played into a room session.</summary>
public sealed record PlayOptions
{
    /// <summary>How loud, in decibels: -50 to 50; null for as it is.</summary>
    public double? Volume { get; init; }

    /// <summary>Where to begin; null for the beginning.</summary>
    public TimeSpan? Position { get; init; }

    /// <summary>The layout meanwhile; null to keep the one there is.</summary>
    public string? Layout { get; init; }

    /// <summary>Positions of members meanwhile, by their ids; null to leave them.</summary>
    public IReadOnlyDictionary<string, string>? Positions { get; init; }

    internal void Write(JsonObject parameters)
    {
        if (Volume is { } volume)
        {
            parameters["volume"] = volume;
        }

        if (Position is { } position)
        {
            parameters["seek_position"] = (long)position.TotalMilliseconds;
        }

        if (Layout is { } layout)
        {
            parameters["layout"] = layout;
        }

        if (Positions is { } positions)
        {
            parameters["positions"] = RoomSession.PositionsOf(positions);
        }
    }
}
