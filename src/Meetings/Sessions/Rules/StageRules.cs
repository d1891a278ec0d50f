using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions.Rules;

/// <summary>Who is on stage, and who may come.</summary>
internal static class StageRules
{
    /// <summary>Whether a preset's holders are on stage or off it at all.</summary>
    public static bool IsInForce(Preset preset) => preset.Permissions.HasStage(preset.Config.ViewType);

    /// <summary>Where a peer stands when it joins.</summary>
    public static StageState AtJoin(Preset preset) =>
        !IsInForce(preset) || preset.Permissions.StageAccessInForce is Permission.Allowed ? StageState.On : StageState.Off;

    /// <summary>Whether a peer may come on stage now: it was approved, or needs nobody's approval.</summary>
    public static bool MayJoin(SessionPeer peer) =>
        peer.Stage is StageState.On or StageState.Approved || peer.May.StageAccessInForce is Permission.Allowed;

    /// <summary>Whether a peer may send something its preset says this about.</summary>
    public static bool MayProduce(SessionPeer peer, Permission permission) => IsInForce(peer.Preset)
        ? peer.Stage is StageState.On && permission is not Permission.NotAllowed
        : permission is Permission.Allowed;
}
