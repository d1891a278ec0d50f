using System.Text.Json.Nodes;
using Roomcast.Egress.Playback;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Rooms;

namespace Roomcast.Relay.Methods;

/// <summary>What is played into rooms. What begins is answered at once, and told by events; so is what is changed.</summary>
internal sealed class PlaybackMethods(SessionPlaybacks playbacks, RoomMethods rooms)
{
    private const double LoudestDb = 50;
    private const double LongestMs = 7 * 24 * 3_600_000.0;
    private const double UsualStepMs = 5_000;

    private static readonly string[] Events = ["video.playback.started", "video.playback.updated", "video.playback.ended"];

    public void AddTo(Dictionary<string, RoomMethod> table)
    {
        table["video.playback.list"] = (call, room) =>
            RoomMethods.ReadAsync(call, room, each => new JsonObject { ["playbacks"] = each.WritePlaybacks(call.Connection.SeesSecrets) });
        table["video.playback.start"] = StartAsync;
        table["video.playback.pause"] = (call, room) => ChangeAsync(call, room, playbacks.Pause);
        table["video.playback.resume"] = (call, room) => ChangeAsync(call, room, playbacks.Resume);
        table["video.playback.stop"] = (call, room) => ChangeAsync(call, room, id => playbacks.Stop(id) ? PlaybackOutcome.Done : PlaybackOutcome.NotFound, isStop: true);
        table["video.playback.set_volume"] = (call, room) => call.Params.TryNumber("volume", -LoudestDb, LoudestDb, out var volume)
            ? ChangeAsync(call, room, id => playbacks.SetVolume(id, volume))
            : RoomMethods.Now(() => call.Refuse("422", "volume must be a number from -50 to 50"));
        table["video.playback.seek_absolute"] = (call, room) => call.Params.TryNumber("position", 0, LongestMs, out var position)
            ? ChangeAsync(call, room, id => playbacks.Seek(id, TimeSpan.FromMilliseconds(position), isRelative: false))
            : RoomMethods.Now(() => call.Refuse("422", "position must be a number of milliseconds, 0 or more"));
        table["video.playback.seek_relative"] = SeekRelativeAsync;
    }

    private async ValueTask StartAsync(MethodCall call, Room room)
    {
        call.Params.TryText("url", PlaybackAddress.MaxLength + 1, out var url);
        if (!PlaybackAddress.TryParse(url, playbacks.PrivateNetworks, out var address, out var fault))
        {
            call.Refuse("422", MessageOf(fault));
            return;
        }

        var volume = 0.0;
        var seek = 0.0;
        if (call.Has("volume") && !call.Params.TryNumber("volume", -LoudestDb, LoudestDb, out volume))
        {
            call.Refuse("422", "volume must be a number from -50 to 50");
            return;
        }

        if (call.Has("seek_position") && !call.Params.TryNumber("seek_position", 0, LongestMs, out seek))
        {
            call.Refuse("422", "seek_position must be a number of milliseconds, 0 or more");
            return;
        }

        if (!RoomMethods.TryReadLayout(call, out var layout, out var placings))
        {
            return;
        }

        if (!await room.DoAsync(each =>
        {
            if (!RoomMethods.MayPlace(call, each, placings))
            {
                return;
            }

            if (playbacks.Start(room.SessionId.Value, address, volume, TimeSpan.FromMilliseconds(seek)) is not { } playback)
            {
                call.Refuse("429", "as much is played into this room, or by this server, as may be");
                return;
            }

            // Before anything is told of it: the client may never subscribe, or only afterwards.
            call.Connection.Controller!.SubscribeUnasked(room.Channel, Events);
            each.Changed(playback);
            call.Done(new JsonObject { ["playback"] = new JsonObject { ["id"] = playback.Id.ToString() } });
            if (layout is not null)
            {
                rooms.Direct(each, layout, placings, static _ => { });
            }
        }))
        {
            call.RefuseRoom();
        }
    }

    private async ValueTask SeekRelativeAsync(MethodCall call, Room room)
    {
        var step = UsualStepMs;
        if (call.Has("position") && !call.Params.TryNumber("position", -LongestMs, LongestMs, out step))
        {
            call.Refuse("422", "position must be a number of milliseconds");
            return;
        }

        await ChangeAsync(call, room, id => playbacks.Seek(id, TimeSpan.FromMilliseconds(step), isRelative: true));
    }

    private static async ValueTask ChangeAsync(MethodCall call, Room room, Func<Guid, PlaybackOutcome> change, bool isStop = false)
    {
        if (!call.Params.TryId("playback_id", out var id))
        {
            call.Refuse("422", "playback_id is missing, or no UUID");
        }
        else if (!await room.DoAsync(each =>
        {
            if (!each.HasPlayback(id))
            {
                call.Refuse("404", "there is no such playback");
                return;
            }

            // What is told of it is posted to this loop, and so comes after the answer. A second stop is no fault.
            var outcome = change(id);
            if (outcome is PlaybackOutcome.Done || (isStop && outcome is PlaybackOutcome.NotFound))
            {
                call.Done();
            }
            else
            {
                call.Refuse("409", outcome is PlaybackOutcome.NotSeekable
                    ? "its position cannot be chosen: it is live, or has not begun"
                    : "the playback has ended");
            }
        }))
        {
            call.RefuseRoom();
        }
    }

    private static string MessageOf(PlaybackAddressFault fault) => fault switch
    {
        PlaybackAddressFault.TooLong => $"url has more than {PlaybackAddress.MaxLength} characters",
        PlaybackAddressFault.NotPrintable => "url holds blanks or control characters",
        PlaybackAddressFault.NamesUser => "url must not name a user or a password",
        PlaybackAddressFault.PrivateNetwork => "url is at an address of a private network, which this server does not play from",
        _ => "url must be an http://, https://, rtmp:// or rtmps:// address of an MP4, an HLS playlist or a stream",
    };
}
