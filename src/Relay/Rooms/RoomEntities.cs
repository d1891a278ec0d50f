using System.Text.Json.Nodes;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Relay.Framing;

namespace Roomcast.Relay.Rooms;

/// <summary>Streams and recordings of a room as controllers read them.</summary>
internal static class RoomEntities
{
    /// <summary>A stream: it streams from its start until it has ended.</summary>
    /// <param name="push">The stream.</param>
    /// <param name="seesSecrets">Whether whoever reads it may see its stream key.</param>
    public static JsonObject Write(SessionPush push, bool seesSecrets)
    {
        var written = new JsonObject
        {
            ["id"] = push.Id.ToString(),
            ["url"] = seesSecrets ? push.Url : push.Covered,
            ["state"] = push.State is SessionPushState.Ended ? "completed" : "streaming",
        };
        if (push.StartedAt is { } startedAt)
        {
            written["started_at"] = WireTime.Of(startedAt);
        }

        if (push.EndedAt is { } endedAt)
        {
            written["ended_at"] = WireTime.Of(endedAt);
            written["duration"] = push.StartedAt is { } since ? WireTime.Between(since, endedAt) : 0;
        }

        if (push.Error is { } error)
        {
            written["error"] = error;
        }

        return written;
    }

    /// <summary>A playback: positions are milliseconds.</summary>
    /// <param name="playback">The playback.</param>
    /// <param name="seesSecrets">Whether whoever reads it may see signatures in its address.</param>
    /// <param name="now">The time, where it is to be told how far it has come; null to tell how it stood at its last change.</param>
    public static JsonObject Write(SessionPlayback playback, bool seesSecrets, DateTimeOffset? now = null)
    {
        var written = new JsonObject
        {
            ["id"] = playback.Id.ToString(),
            ["url"] = seesSecrets ? playback.Url : playback.Covered,
            ["state"] = playback.State switch
            {
                PlaybackState.Ended => "completed",
                PlaybackState.Paused => "paused",
                _ => "playing",
            },
            ["volume"] = playback.VolumeDb,
            ["position"] = (long)(now is { } at ? playback.PositionAt(at) : playback.Position).TotalMilliseconds,
            ["seekable"] = playback.IsSeekable,
        };
        if (playback.StartedAt is { } startedAt)
        {
            written["started_at"] = WireTime.Of(startedAt);
        }

        if (playback.EndedAt is { } endedAt)
        {
            written["ended_at"] = WireTime.Of(endedAt);
        }

        if (playback.Error is { } error)
        {
            written["error"] = error;
        }

        return written;
    }

    /// <summary>Whether a recording is over for controllers: what becomes of its file then is not their matter.</summary>
    public static bool IsOver(RecordingRecord recording) => !recording.IsActive;

    /// <summary>Where a recording stands, in a word.</summary>
    public static string StateOf(RecordingRecord recording) =>
        IsOver(recording) ? "completed" : recording.Status is RecordingStatus.Paused ? "paused" : "recording";

    /// <summary>A recording.</summary>
    public static JsonObject Write(RecordingRecord recording)
    {
        var written = new JsonObject
        {
            ["id"] = recording.Id.ToString(),
            ["state"] = StateOf(recording),
        };
        if (recording.StartedAt is { } startedAt)
        {
            written["started_at"] = WireTime.Of(startedAt);
        }

        if (IsOver(recording))
        {
            written["ended_at"] = WireTime.Of(recording.StoppedAt ?? recording.UpdatedAt);
            written["duration"] = Math.Round(recording.Duration.TotalSeconds, 3);
        }

        if (recording.ErrorMessage is { } error)
        {
            written["error"] = error;
        }

        return written;
    }

    /// <summary>A recording that was asked for and did not begin.</summary>
    public static JsonObject WriteUnbegun(Guid id, DateTimeOffset at, string error) => new()
    {
        ["id"] = id.ToString(),
        ["state"] = "completed",
        ["ended_at"] = WireTime.Of(at),
        ["duration"] = 0,
        ["error"] = error,
    };
}
