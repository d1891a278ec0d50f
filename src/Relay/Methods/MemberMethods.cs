using System.Text.Json.Nodes;
using Roomcast.Egress.Composition;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Rooms;

namespace Roomcast.Relay.Methods;

/// <summary>What is done to members.</summary>
internal sealed class MemberMethods(SessionSteering steering, RoomMethods rooms)
{
    private const string All = "all";
    private const double LoudestDb = 50;

    private static readonly MediaChoice Sound = new(Audio: true, Video: false, Screen: false);
    private static readonly MediaChoice Picture = new(Audio: false, Video: true, Screen: false);
    private static readonly MediaChoice Screen = new(Audio: false, Video: false, Screen: true);

    public void AddTo(Dictionary<string, RoomMethod> table)
    {
        table["video.member.audio_mute"] = (call, room) => MuteAsync(call, room, Sound);
        table["video.member.video_mute"] = (call, room) => MuteAsync(call, room, Picture);
        table["video.member.audio_unmute"] = (call, room) => UnmuteAsync(call, room, Sound);
        table["video.member.video_unmute"] = (call, room) => UnmuteAsync(call, room, Picture);
        table["video.member.set_input_volume"] = SetVolumeAsync;
        table["video.member.set_position"] = SetPositionAsync;
        table["video.member.raisehand"] = (call, room) => HandAsync(call, room, isUp: true);
        table["video.member.lowerhand"] = (call, room) => HandAsync(call, room, isUp: false);
        table["video.member.remove"] = RemoveAsync;
        table["video.member.promote"] = PromoteAsync;
        table["video.member.demote"] = DemoteAsync;
        table["video.member.get_meta"] = GetMetaAsync;
        table["video.member.set_meta"] = (call, room) => NoteAsync(call, room, Notes.Set(call));
        table["video.member.update_meta"] = (call, room) => NoteAsync(call, room, Notes.Update(call));
        table["video.member.delete_meta"] = (call, room) => NoteAsync(call, room, Notes.Delete(call));

        table["video.member.deaf"] = (call, room) => DeafenAsync(call, room, isDeaf: true);
        table["video.member.undeaf"] = (call, room) => DeafenAsync(call, room, isDeaf: false);
        table["video.member.set_input_sensitivity"] = SetSensitivityAsync;

        // What a member hears is forwarded to its browser encoded, as it came: it can be left out, but nothing here could make it softer.
        table["video.member.set_output_volume"] = async (call, room) =>
        {
            if (await FindAsync(call, room) is not null)
            {
                call.Refuse("501", "sound goes from member to member encoded, as it was sent: this server can leave it out (deaf), and not make it softer or louder");
            }
        };
    }

    private async ValueTask DeafenAsync(MethodCall call, Room room, bool isDeaf)
    {
        if (IsAll(call))
        {
            call.Answer(await steering.DeafenAsync(room.SessionId, null, isDeaf, CancellationToken.None));
        }
        else if (await FindPersonAsync(call, room) is { } peerId)
        {
            call.Answer(await steering.DeafenAsync(room.SessionId, peerId, isDeaf, CancellationToken.None));
        }
    }

    private async ValueTask SetSensitivityAsync(MethodCall call, Room room)
    {
        if (!call.Params.TryNumber("value", 0, PeerDirection.MostSensitivity, out var value))
        {
            call.Refuse("422", "value must be a number from 0 to 100");
        }
        else if (await FindPersonAsync(call, room) is { } peerId)
        {
            await rooms.DirectAsync(call, room, direction => direction.With(peerId, peer => peer with { Sensitivity = value }));
        }
    }

    private async ValueTask MuteAsync(MethodCall call, Room room, MediaChoice what)
    {
        if (IsAll(call))
        {
            call.Answer(await steering.MuteAsync(room.SessionId, null, what, CancellationToken.None));
        }
        else if (await FindAsync(call, room) is { } peer)
        {
            call.Answer(await steering.MuteAsync(room.SessionId, peer.PeerId, peer.IsScreen ? Screen : what, CancellationToken.None));
        }
    }

    private async ValueTask UnmuteAsync(MethodCall call, Room room, MediaChoice what)
    {
        if (IsAll(call))
        {
            call.Answer(await steering.UnmuteAsync(room.SessionId, null, what, CancellationToken.None));
        }
        else if (await FindAsync(call, room) is { } peer)
        {
            call.Answer(await steering.UnmuteAsync(room.SessionId, peer.PeerId, peer.IsScreen ? Screen : what, CancellationToken.None));
        }
    }

    private async ValueTask SetVolumeAsync(MethodCall call, Room room)
    {
        if (!call.Params.TryNumber("volume", -LoudestDb, LoudestDb, out var volume))
        {
            call.Refuse("422", "volume must be a number from -50 to 50");
        }
        else if (await FindPersonAsync(call, room) is { } peerId)
        {
            await rooms.DirectAsync(call, room, direction => direction.With(peerId, peer => peer with { GainDb = volume }));
        }
    }

    private async ValueTask SetPositionAsync(MethodCall call, Room room)
    {
        if (!call.Params.TryText("position", 32, out var position) || !PositionNames.TryChoose(position, out var change))
        {
            call.Refuse("422", "position must be auto, standard-N, reserved-N, off-canvas or full-screen");
        }
        else if (await FindPersonAsync(call, room) is { } peerId)
        {
            await rooms.DirectAsync(call, room, static direction => direction, new Placing(peerId, position, change));
        }
    }

    private async ValueTask HandAsync(MethodCall call, Room room, bool isUp)
    {
        if (await FindPersonAsync(call, room) is { } peerId)
        {
            call.Answer(await steering.RaiseHandAsync(room.SessionId, peerId, isUp, CancellationToken.None));
        }
    }

    private async ValueTask RemoveAsync(MethodCall call, Room room)
    {
        if (IsAll(call))
        {
            call.Answer(await steering.EndAsync(room.SessionId, CancellationToken.None));
        }
        else if (await FindAsync(call, room) is { } found)
        {
            call.Answer(found.IsScreen
                ? await steering.MuteAsync(room.SessionId, found.PeerId, Screen, CancellationToken.None)
                : await steering.RemoveAsync(room.SessionId, found.PeerId, CancellationToken.None));
        }
    }

    // What it may do on stage is in its preset: permissions and media_allowed are not heeded.
    private async ValueTask PromoteAsync(MethodCall call, Room room)
    {
        string? meta = null;
        if ((call.Has("meta") && !Notes.TryMeta(call, out meta))
            || !TryFlag(call, "join_audio_muted", out var isSilent) || !TryFlag(call, "join_video_muted", out var isDark))
        {
            return;
        }

        if (await FindPersonAsync(call, room) is { } peerId)
        {
            var without = new MediaChoice(Audio: isSilent, Video: isDark, Screen: false);
            call.Answer(await steering.LetOnStageAsync(room.SessionId, peerId, without, meta, CancellationToken.None));
        }
    }

    private static bool TryFlag(MethodCall call, string name, out bool flag)
    {
        flag = false;
        if (!call.Has(name) || call.Params.TryBoolean(name, out flag))
        {
            return true;
        }

        call.Refuse("422", $"{name} must be true or false");
        return false;
    }

    private async ValueTask DemoteAsync(MethodCall call, Room room)
    {
        if (await FindPersonAsync(call, room) is { } peerId)
        {
            call.Answer(await steering.SendOffStageAsync(room.SessionId, peerId, CancellationToken.None));
        }
    }

    private static async ValueTask GetMetaAsync(MethodCall call, Room room)
    {
        if (await FindAsync(call, room) is { } found)
        {
            // Nothing is noted of screens.
            await RoomMethods.ReadAsync(
                call, room, each => new JsonObject { ["meta"] = JsonNode.Parse((found.IsScreen ? null : each.MetaOf(found.PeerId)) ?? "{}") });
        }
    }

    private async ValueTask NoteAsync(MethodCall call, Room room, Func<string, string?>? change)
    {
        if (change is not null && await FindPersonAsync(call, room) is { } peerId)
        {
            call.Answer(await steering.NoteAsync(room.SessionId, peerId, change, CancellationToken.None));
        }
    }

    private static bool IsAll(MethodCall call) => call.Params.TryText("member_id", 36, out var memberId) && memberId == All;

    private static async ValueTask<string?> FindPersonAsync(MethodCall call, Room room)
    {
        if (await FindAsync(call, room) is not { } found)
        {
            return null;
        }

        if (found.IsScreen)
        {
            call.RefuseScreen();
            return null;
        }

        return found.PeerId;
    }

    /// <summary>The peer that is meant; null when the request was refused.</summary>
    private static async ValueTask<(string PeerId, bool IsScreen)?> FindAsync(MethodCall call, Room room)
    {
        if (!call.Params.TryText("member_id", 64, out var memberId))
        {
            call.Refuse("422", "member_id is missing: a controller is no member itself");
            return null;
        }

        (string PeerId, bool IsScreen)? found = null;
        if (!await room.DoAsync(each => found = each.FindPeer(memberId)))
        {
            call.RefuseRoom();
        }
        else if (found is null)
        {
            call.RefuseMember();
        }

        return found;
    }
}
