using System.Collections.Immutable;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>Somebody who asks to come on stage.</summary>
/// <param name="PeerId">The presence.</param>
/// <param name="UserId">The participant.</param>
/// <param name="DisplayName">What they are called.</param>
public sealed record StageAccessRequest(string PeerId, string UserId, string DisplayName);

/// <summary>The stage: who may send, where a preset tells them from an audience.</summary>
public sealed class Stage
{
    private readonly MeetingLink _link;
    private readonly string _ownUserId;
    private readonly Func<string> _access;
    private readonly Func<CancellationToken, Task> _onMoved;
    private ImmutableList<StageAccessRequest> _requests = [];

    /// <param name="link">The meeting.</param>
    /// <param name="ownUserId">The own participant.</param>
    /// <param name="access">Whether the own preset lets the stage be joined: ALLOWED, NOT_ALLOWED or CAN_REQUEST.</param>
    /// <param name="onMoved">Does what follows from coming on stage or leaving it.</param>
    internal Stage(MeetingLink link, string ownUserId, Func<string> access, Func<CancellationToken, Task> onMoved)
    {
        _link = link;
        _ownUserId = ownUserId;
        _access = access;
        _onMoved = onMoved;
    }

    /// <summary>The own participant stands elsewhere towards the stage.</summary>
    public event Action<StageStatus>? StageStatusUpdated;

    /// <summary>Somebody asks, or no longer; only those are told who may answer.</summary>
    public event Action<IReadOnlyList<StageAccessRequest>>? StageAccessRequestsUpdated;

    /// <summary>Where the own participant stands.</summary>
    public StageStatus Status { get; private set; }

    /// <summary>Those who ask to come on stage.</summary>
    public IReadOnlyList<StageAccessRequest> AccessRequests => _requests;

    /// <summary>Asks to come on stage. Who may come without being let is told so at once (<see cref="StageStatus.AcceptedToJoinStage"/>).</summary>
    /// <exception cref="RealtimeKitException">NotAllowed by the preset; Refused by the server; Unreachable; TimedOut.</exception>
    public async Task RequestAccessAsync(CancellationToken cancellationToken = default)
    {
        switch (_access())
        {
            case "ALLOWED" when Status is StageStatus.OffStage:
                Set(StageStatus.AcceptedToJoinStage);
                break;
            case "CAN_REQUEST":
                await _link.DoAsync(SocketEvent.RequestStage, null, cancellationToken).ConfigureAwait(false);
                break;
            case "NOT_ALLOWED":
                throw new RealtimeKitException(RealtimeKitError.NotAllowed, "The preset does not allow to come on stage.");
            default:
                break;
        }
    }

    /// <summary>Asks no longer, and does not come where that was allowed already.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public async Task CancelRequestAccessAsync(CancellationToken cancellationToken = default)
    {
        if (_access() != "ALLOWED")
        {
            await _link.DoAsync(SocketEvent.CancelStageRequest, null, cancellationToken).ConfigureAwait(false);
        }
        else if (Status is StageStatus.AcceptedToJoinStage)
        {
            Set(StageStatus.OffStage); // The server was not asked before either.
        }
    }

    /// <summary>Lets some come on stage, by the ids of the participants.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task GrantAccessAsync(IEnumerable<string> userIds, CancellationToken cancellationToken = default)
    {
        var request = new GrantStageAccessRequest();
        request.UserIds.AddRange(userIds);
        return _link.DoAsync(SocketEvent.GrantStage, request, cancellationToken);
    }

    /// <summary>Does not let some come on stage.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task DenyAccessAsync(IEnumerable<string> userIds, CancellationToken cancellationToken = default)
    {
        var request = new DenyStageAccessRequest();
        request.UserIds.AddRange(userIds);
        return _link.DoAsync(SocketEvent.DenyStage, request, cancellationToken);
    }

    /// <summary>Comes on stage, and sends what is enabled.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public async Task JoinAsync(CancellationToken cancellationToken = default)
    {
        await _link.AskAsync(SocketEvent.JoinStage, null, PeerStatusUpdate.Parser, cancellationToken).ConfigureAwait(false);
        await _onMoved(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Leaves the stage, and stays in the meeting.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public async Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        await _link.AskAsync(SocketEvent.LeaveStage, new LeaveStageRequest { UserIds = { _ownUserId } }, cancellationToken).ConfigureAwait(false);
        await _onMoved(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes some from the stage.</summary>
    /// <exception cref="RealtimeKitException">Refused by the server, which has nothing done then; Unreachable; TimedOut.</exception>
    public Task KickAsync(IEnumerable<string> userIds, CancellationToken cancellationToken = default)
    {
        var request = new LeaveStageRequest();
        request.UserIds.AddRange(userIds);
        return _link.AskAsync(SocketEvent.LeaveStage, request, cancellationToken);
    }

    internal void Set(StageStatus status)
    {
        if (status != Status)
        {
            Status = status;
            _link.Raise(this, nameof(StageStatusUpdated), () => StageStatusUpdated.CallEach(status));
        }
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        switch (number)
        {
            case SocketEvent.StageChanged when Envelope.TryRead(message, PeerStatusUpdate.Parser, out var update) && update.PeerId == _link.PeerId:
                Set(Participants.StageOf(update.StageType));
                break;
            case SocketEvent.GrantStage when !message.HasId:
                Set(StageStatus.AcceptedToJoinStage);
                break;
            case SocketEvent.DenyStage when !message.HasId:
                Set(StageStatus.OffStage);
                break;
            case SocketEvent.GetStageRequests when Envelope.TryRead(message, GetStageRequestsResponse.Parser, out var asked):
                ImmutableList<StageAccessRequest> requests = [.. asked.StageRequests.Select(request => new StageAccessRequest(request.PeerId, request.UserId, request.DisplayName))];
                Volatile.Write(ref _requests, requests);
                _link.Raise(this, nameof(StageAccessRequestsUpdated), () => StageAccessRequestsUpdated.CallEach(requests));
                break;
            default:
                break;
        }
    }
}
