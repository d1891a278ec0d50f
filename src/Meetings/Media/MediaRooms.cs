using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Roomcast.Meetings.Media;

/// <summary>The rooms in which sessions exchange media. One for the process; thread-safe.</summary>
public sealed class MediaRooms
{
    private readonly Func<IReadOnlyList<MediaEngine>> _engines;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, MediaRoom> _rooms = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    internal MediaRooms(Func<IReadOnlyList<MediaEngine>> engines, ILogger<MediaRooms> logger)
    {
        _engines = engines;
        _logger = logger;
    }

    /// <summary>Rooms open now.</summary>
    public int Count => _rooms.Count;

    /// <summary>Opens a room on the worker that has the fewest transports, and among equals on the one with the fewest rooms.</summary>
    /// <param name="roomId">A name for figures and logs, unique among open rooms.</param>
    /// <exception cref="InvalidOperationException">A room of this name is open.</exception>
    public MediaRoom Open(string roomId)
    {
        ArgumentException.ThrowIfNullOrEmpty(roomId);
        lock (_lock)
        {
            if (_rooms.ContainsKey(roomId))
            {
                throw new InvalidOperationException($"Room {roomId} is open.");
            }

            var engine = _engines().MinBy(engine => (engine.TransportCount, engine.RoomCount))!;
            engine.RoomCount++;
            var room = new MediaRoom(roomId, engine, _logger, OnClosed);
            _rooms[roomId] = room;
            return room;
        }

        void OnClosed(MediaRoom room)
        {
            lock (_lock)
            {
                if (_rooms.TryRemove(KeyValuePair.Create(room.Id, room)))
                {
                    room.Engine.RoomCount--;
                }
            }
        }
    }

    /// <summary>Closes all rooms, so that their peers hear a goodbye. For the end of the process.</summary>
    public async Task CloseAllAsync()
    {
        foreach (var room in _rooms.Values)
        {
            await room.DisposeAsync();
        }
    }
}
