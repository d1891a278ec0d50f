using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>A meeting that is connected with this one, and who is in it.</summary>
/// <param name="Id">The meeting.</param>
/// <param name="Title">What it is called.</param>
/// <param name="Participants">Ids and names of its participants.</param>
public sealed record ConnectedMeeting(string Id, string Title, IReadOnlyList<(string Id, string Name)> Participants);

/// <summary>The parent meeting and those made from it.</summary>
public sealed class ConnectedMeetings
{
    private readonly MeetingLink _link;

    internal ConnectedMeetings(MeetingLink link) => _link = link;

    /// <summary>Meetings were made or deleted, or somebody has moved.</summary>
    public event Action? StateUpdated;

    /// <summary>A host moves the own participant: a client with this token enters the other meeting.</summary>
    public event Action<string, string>? Transferred;

    /// <summary>
    /// A host has moved the own participant, and the client follows: it has left, and this is the client of the other meeting, with the same
    /// options. It joins once the handlers have returned, and is theirs from then on. Without a handler nothing is left; see <see cref="Transferred"/>.
    /// </summary>
    /// <remarks>When the other meeting cannot be entered, <see cref="RealtimeKitClient.HandlerFailed"/> of the client that was left tells why.</remarks>
    public event Action<RealtimeKitClient>? MeetingChanged;

    /// <summary>Where the others come from; null before it is known.</summary>
    public ConnectedMeeting? ParentMeeting { get; private set; }

    /// <summary>Those made from it.</summary>
    public IReadOnlyList<ConnectedMeeting> Meetings { get; private set; } = [];

    /// <summary>Whether there are any.</summary>
    public bool IsActive => Meetings.Count > 0;

    /// <summary>Asks for them anew.</summary>
    public Task GetConnectedMeetingsAsync(CancellationToken cancellationToken = default) =>
        _link.AskAsync(SocketEvent.GetConnectedRooms, null, GetConnectedRoomsDumpResponse.Parser, cancellationToken);

    /// <summary>Makes meetings.</summary>
    /// <param name="titles">What they are called.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Their ids, in the same order; null where one could not be made.</returns>
    public async Task<IReadOnlyList<string?>> CreateMeetingsAsync(IEnumerable<string> titles, CancellationToken cancellationToken = default)
    {
        var request = new CreateConnectedRoomsRequest();
        request.Payloads.AddRange(titles.Select(title => new CreateRoomRequestPayload { Title = title }));
        var created = await _link.AskAsync(SocketEvent.CreateConnectedRooms, request, CreateConnectedRoomsResponse.Parser, cancellationToken).ConfigureAwait(false);
        await GetConnectedMeetingsAsync(cancellationToken).ConfigureAwait(false);
        return [.. created.Payloads.Select(payload => payload.Error is null && payload.HasId ? payload.Id : null)];
    }

    /// <summary>Deletes meetings.</summary>
    public async Task DeleteMeetingsAsync(IEnumerable<string> ids, CancellationToken cancellationToken = default)
    {
        var request = new DisableConnectedRoomsRequest();
        request.Payloads.AddRange(ids.Select(id => new DisableRoomPayload { Id = id }));
        await _link.AskAsync(SocketEvent.DeleteConnectedRooms, request, DisableConnectedRoomsResponse.Parser, cancellationToken).ConfigureAwait(false);
        await GetConnectedMeetingsAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Moves participants from one meeting to another.</summary>
    /// <returns>Those who do not go, each with a sentence that says why; empty when all were told to.</returns>
    public async Task<IReadOnlyList<(string ParticipantId, string Reason)>> MoveParticipantsAsync(
        string sourceMeetingId, string destinationMeetingId, IEnumerable<string> participantIds, CancellationToken cancellationToken = default)
    {
        var request = new MovePeersBetweenRoomsRequest { SourceMeetingId = sourceMeetingId, DestinationMeetingId = destinationMeetingId };
        request.Participants.AddRange(participantIds.Select(id => new MovePeerPayload { Id = id }));
        var answer = await _link.AskAsync(SocketEvent.MovePeers, request, MovePeersBetweenRoomsResponse.Parser, cancellationToken).ConfigureAwait(false);
        return [.. answer.Payloads.Where(moved => moved.Error is not null).Select(moved => (moved.CustomParticipantId, moved.Error.Message))];
    }

    /// <summary>Whether somebody takes the client of the other meeting.</summary>
    internal bool IsFollowed => MeetingChanged is not null;

    /// <summary>Hands the client of the other meeting over.</summary>
    /// <returns>Completes when the handlers have returned.</returns>
    internal Task HandOverAsync(RealtimeKitClient other)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _link.Raise(() =>
        {
            try
            {
                MeetingChanged.CallEach(other);
            }
            finally
            {
                taken.SetResult();
            }
        });
        return taken.Task;
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        if (number is SocketEvent.GetConnectedRooms && Envelope.TryRead(message, GetConnectedRoomsDumpResponse.Parser, out var dump))
        {
            ParentMeeting = dump.ParentMeeting is { } parent ? Of(parent) : null;
            Meetings = [.. dump.Meetings.Select(Of)];
            _link.Raise(this, nameof(StateUpdated), () => StateUpdated.CallEach());
        }
        else if (number is SocketEvent.TransferPeer && Envelope.TryRead(message, TransferPeer.Parser, out var transfer))
        {
            _link.Raise(() => Transferred.CallEach(transfer.MeetingId, transfer.AuthToken));
        }
    }

    private static ConnectedMeeting Of(ConnectedMeetingDump meeting) =>
        new(meeting.Id, meeting.Title, [.. meeting.Participants.Select(participant => (participant.Id, participant.DisplayName))]);
}
