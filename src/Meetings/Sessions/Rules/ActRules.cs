using System.Collections.Frozen;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Sessions.Peers;

namespace Roomcast.Meetings.Sessions.Rules;

/// <summary>How far a peer must have come to do something.</summary>
public enum ActPhase
{
    /// <summary>It is connected; it may be waiting to be let in.</summary>
    Connected,

    /// <summary>It has joined, or is about to and need not wait to be let in.</summary>
    Admitted,

    /// <summary>It has joined.</summary>
    Joined,
}

/// <summary>What an act needs.</summary>
/// <param name="Phase">How far the peer must have come.</param>
/// <param name="Pace">How often it may do it.</param>
/// <param name="IsAllowed">What its permissions, and where the stage is in force its stage, must say; null when they have no say.</param>
internal sealed record ActRule(ActPhase Phase, ActPace Pace, Func<SessionPeer, bool>? IsAllowed);

/// <summary>The one table of what every act needs. Nothing is done for a peer that has not passed it.</summary>
internal static class ActRules
{
    /// <summary>Every act has its row; a test holds that.</summary>
    public static readonly FrozenDictionary<SessionAct, ActRule> Table = new Dictionary<SessionAct, ActRule>
    {
        [SessionAct.Join] = Connected(ActPace.Rare),
        [SessionAct.Leave] = Connected(ActPace.Rare),
        [SessionAct.ReadSession] = Connected(ActPace.Any),
        [SessionAct.ListPeers] = Connected(ActPace.Any),
        [SessionAct.SearchPeers] = Connected(ActPace.Search, may => may.ShowParticipantList),

        [SessionAct.ReadChat] = Connected(ActPace.Read),
        [SessionAct.SendText] = Joined(ActPace.Chat, may => may.Chat.Public is { CanSend: true, Text: true }),
        [SessionAct.SendFile] = Joined(ActPace.File, may => may.Chat.Public is { CanSend: true, Files: true }),
        [SessionAct.SendPrivateText] = Joined(ActPace.Chat, may => may.Chat.Private is { CanSend: true, Text: true }),
        [SessionAct.SendPrivateFile] = Joined(ActPace.File, may => may.Chat.Private is { CanSend: true, Files: true }),
        [SessionAct.EditMessage] = Joined(ActPace.Chat, MaySendAny),
        [SessionAct.DeleteMessage] = Joined(ActPace.Chat),
        [SessionAct.PinMessage] = Joined(ActPace.Chat, MaySendAny),

        [SessionAct.ReadPolls] = Connected(ActPace.Any, may => may.Polls.CanView),
        [SessionAct.CreatePoll] = Joined(ActPace.Chat, may => may.Polls.CanCreate),
        [SessionAct.VotePoll] = Joined(ActPace.Chat, may => may.Polls.CanVote),

        [SessionAct.ReadStore] = Connected(ActPace.Store),
        [SessionAct.WriteStore] = Admitted(),
        [SessionAct.StartPlugin] = Admitted(may => may.Plugins.CanStart),
        [SessionAct.ClosePlugin] = Admitted(may => may.Plugins.CanClose),

        [SessionAct.RequestStage] = Allowed(ActPace.Any, peer => peer.May.StageAccessInForce is Permission.CanRequest),
        [SessionAct.JoinStage] = Allowed(ActPace.Any, StageRules.MayJoin),
        [SessionAct.LeaveStage] = Joined(ActPace.Any),
        [SessionAct.AnswerStageRequests] = Joined(ActPace.Any, AnswersStage),
        [SessionAct.RemoveFromStage] = Joined(ActPace.Any, AnswersStage),
        [SessionAct.ReadStage] = Joined(ActPace.Any),

        [SessionAct.AnswerWaiting] = Joined(ActPace.Any, may => may.AcceptWaitingRequests),

        [SessionAct.Kick] = Joined(ActPace.Any, may => may.KickParticipant),
        [SessionAct.KickAll] = Joined(ActPace.Any, may => may.KickParticipant),
        [SessionAct.MuteAudio] = Joined(ActPace.Any, may => may.DisableParticipantAudio),
        [SessionAct.MuteVideo] = Joined(ActPace.Any, may => may.DisableParticipantVideo),
        [SessionAct.MuteScreen] = Joined(ActPace.Any, may => may.DisableParticipantScreensharing),
        [SessionAct.PinPeer] = Joined(ActPace.Any, may => may.PinParticipant),
        [SessionAct.EditName] = Joined(ActPace.Rare, may => may.CanEditDisplayName),

        [SessionAct.ReadOwnPermissions] = Joined(ActPace.Any),
        [SessionAct.ReadPermissions] = Joined(ActPace.Any, may => may.CanChangeParticipantPermissions),
        [SessionAct.ChangePermissions] = Joined(ActPace.Permissions, may => may.CanChangeParticipantPermissions),

        [SessionAct.Broadcast] = Joined(ActPace.Message),
        [SessionAct.Spotlight] = Joined(ActPace.Message, may => may.CanSpotlight),
        [SessionAct.BroadcastToMeetings] = Joined(ActPace.Message, may => may.ConnectedMeetings.CanAlterConnectedMeetings),

        [SessionAct.OpenMedia] = Connected(ActPace.Media),
        [SessionAct.CompleteMedia] = Joined(ActPace.Media),
        [SessionAct.ProduceAudio] = Allowed(ActPace.Media, peer => StageRules.MayProduce(peer, peer.May.Media.Audio.CanProduce)),
        [SessionAct.ProduceVideo] = Allowed(ActPace.Media, peer => StageRules.MayProduce(peer, peer.May.Media.Video.CanProduce)),
        [SessionAct.ProduceScreen] = Allowed(ActPace.Media, peer => StageRules.MayProduce(peer, peer.May.Media.Screenshare.CanProduce)),
        [SessionAct.StopProducing] = Joined(ActPace.Media),
        [SessionAct.Consume] = Joined(ActPace.Media),
        [SessionAct.TellActivity] = Joined(ActPace.Media),

        [SessionAct.ReadConnected] = Joined(ActPace.Any),
        [SessionAct.AlterConnected] = Joined(ActPace.Rare, may => may.ConnectedMeetings.CanAlterConnectedMeetings),
        [SessionAct.SwitchConnected] = Joined(ActPace.Rare, may => may.ConnectedMeetings.CanSwitchConnectedMeetings),
        [SessionAct.SwitchToParent] = Joined(ActPace.Rare, may => may.ConnectedMeetings.CanSwitchToParentMeeting),
        [SessionAct.ListParticipants] = Joined(ActPace.Rare, may => may.ConnectedMeetings.CanAlterConnectedMeetings),
    }.ToFrozenDictionary();

    /// <summary>What a page that is recorded does: it is there, reads and receives. Its preset alone would let it speak to the pages of others.</summary>
    public static readonly FrozenSet<SessionAct> OfRecorders = FrozenSet.Create(
        SessionAct.Join,
        SessionAct.Leave,
        SessionAct.ReadSession,
        SessionAct.ListPeers,
        SessionAct.SearchPeers,
        SessionAct.ReadChat,
        SessionAct.ReadPolls,
        SessionAct.ReadStore,
        SessionAct.ReadStage,
        SessionAct.ReadOwnPermissions,
        SessionAct.OpenMedia,
        SessionAct.CompleteMedia,
        SessionAct.Consume);

    private static ActRule Connected(ActPace pace, Func<PresetPermissions, bool>? isAllowed = null) =>
        new(ActPhase.Connected, pace, isAllowed is null ? null : peer => isAllowed(peer.May));

    // Pages use stores before they join.
    private static ActRule Admitted(Func<PresetPermissions, bool>? isAllowed = null) =>
        new(ActPhase.Admitted, ActPace.Store, isAllowed is null ? null : peer => isAllowed(peer.May));

    private static ActRule Joined(ActPace pace, Func<PresetPermissions, bool>? isAllowed = null) =>
        new(ActPhase.Joined, pace, isAllowed is null ? null : peer => isAllowed(peer.May));

    private static ActRule Allowed(ActPace pace, Func<SessionPeer, bool> isAllowed) => new(ActPhase.Joined, pace, isAllowed);

    private static bool MaySendAny(PresetPermissions may) => may.Chat.Public.CanSend || may.Chat.Private.CanSend;

    private static bool AnswersStage(PresetPermissions may) => may.AcceptStageRequests || may.CanAcceptProductionRequests;
}
