using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>What the participants may do, and who changes it while the session lasts.</summary>
public sealed class Permissions(SessionRoom room)
{
    /// <summary>What some participants may do now.</summary>
    /// <returns>The joined peers asked for, with the preset that holds for each.</returns>
    public IReadOnlyList<(SessionPeer Peer, Preset Preset)> Read(SessionPeer peer, IReadOnlyCollection<string> userIds)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(userIds);
        room.Require(peer, userIds.All(id => id == peer.UserId) ? SessionAct.ReadOwnPermissions : SessionAct.ReadPermissions);
        return [.. room.JoinedOf(userIds).Select(other => (other, other.Preset))];
    }

    /// <summary>Changes what participants may do. Nobody can give more than it has.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="patches">
    /// For each participant what changes, in the shape of the preset's <c>permissions</c>; what a patch leaves out stays.
    /// </param>
    public void Change(SessionPeer peer, IReadOnlyList<(string UserId, JsonObject Patch)> patches)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(patches);
        room.Require(peer, SessionAct.ChangePermissions);
        SessionRoom.CheckCount(patches.Count);
        var changes = patches
            .Select(patch =>
            {
                var member = room.JoinedOf([patch.UserId]) is [var other, ..]
                    ? other.Member
                    : throw new SessionException(SessionFault.NotFound, "there is no such participant here");
                return (Member: member, Changed: Apply(member.Preset, patch.Patch), patch.Patch);
            })
            .ToArray();
        foreach (var (member, changed, _) in changes)
        {
            if (PowersGained(member.Preset.Permissions, changed.Permissions).Except(PowersOf(peer.May)).Any())
            {
                throw new SessionException(SessionFault.NotAllowed, "you may not give others what you may not do yourself");
            }
        }

        foreach (var (member, changed, patch) in changes)
        {
            Set(member, changed);
            room.TellJoined(new PermissionsChanged(member.UserId, patch), except: peer);
        }
    }

    /// <summary>Puts another preset into force for a participant, as the API wants it.</summary>
    internal void Replace(SessionMember member, Preset preset)
    {
        var patch = JsonNode.Parse(PresetJson.Write(preset.Content))!["permissions"]!.AsObject();
        Set(member, preset);
        room.TellJoined(new PermissionsChanged(member.UserId, patch));
    }

    private static Preset Apply(Preset preset, JsonObject patch)
    {
        var faults = new List<PresetFault>();
        using var document = JsonDocument.Parse(new JsonObject { ["permissions"] = patch.DeepClone() }.ToJsonString());
        var content = PresetJson.ReadPatch(document.RootElement, preset.Content, faults);
        return faults.Count == 0
            ? preset with { Content = content }
            : throw new SessionException(SessionFault.Invalid, faults[0].Message);
    }

    // The powers over others: what a participant that may change permissions must not hand itself through another.
    private static IEnumerable<string> PowersOf(PresetPermissions may)
    {
        (string Name, bool Has)[] powers =
        [
            ("accept_waiting_requests", may.AcceptWaitingRequests),
            ("can_accept_production_requests", may.CanAcceptProductionRequests),
            ("can_change_participant_permissions", may.CanChangeParticipantPermissions),
            ("can_livestream", may.CanLivestream),
            ("can_record", may.CanRecord),
            ("can_spotlight", may.CanSpotlight),
            ("disable_participant_audio", may.DisableParticipantAudio),
            ("disable_participant_video", may.DisableParticipantVideo),
            ("disable_participant_screensharing", may.DisableParticipantScreensharing),
            ("kick_participant", may.KickParticipant),
            ("pin_participant", may.PinParticipant),
            ("is_recorder", may.IsRecorder),
            ("hidden_participant", may.HiddenParticipant),
            ("can_alter_connected_meetings", may.ConnectedMeetings.CanAlterConnectedMeetings),
        ];
        return powers.Where(power => power.Has).Select(power => power.Name);
    }

    private static IEnumerable<string> PowersGained(PresetPermissions before, PresetPermissions after) =>
        PowersOf(after).Except(PowersOf(before));

    private void Set(SessionMember member, Preset preset)
    {
        member.Preset = preset;
        room.Memory.Keep(member);
        foreach (var other in room.Joined.Where(other => other.Member == member))
        {
            room.Media.HoldBackWhatMayNotBeSent(other);
            room.Waiting.Welcome(other);
            room.Stage.Welcome(other);
        }

        room.Waiting.LookAgain();
    }
}
