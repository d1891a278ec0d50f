namespace Roomcast.Meetings.Media;

/// <summary>The rooms in which sessions exchange media. One for the process.</summary>
public sealed class MediaRooms
{
    /// <summary>Opens a room on the worker that has the least to do.</summary>
    /// <param name="roomId">A name for figures and logs, unique among open rooms.</param>
    /// <exception cref="InvalidOperationException">A room of this name is open.</exception>
    public MediaRoom Open(string roomId) => throw new NotImplementedException();
}
