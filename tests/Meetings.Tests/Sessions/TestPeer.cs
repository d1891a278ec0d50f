using System.Collections.Concurrent;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Tests.Sessions;

/// <summary>A link that keeps what it was told.</summary>
internal sealed class FakeLink : IPeerLink
{
    private readonly ConcurrentQueue<SessionEvent> _told = new();

    public LinkCloseReason? Closed { get; private set; }

    public IReadOnlyList<SessionEvent> Told => [.. _told];

    public void Tell(SessionEvent happened)
    {
        if (Closed is null)
        {
            _told.Enqueue(happened);
        }
    }

    public void Close(LinkCloseReason reason) => Closed ??= reason;

    public void Forget() => _told.Clear();
}

/// <summary>A peer of a test, and what it does.</summary>
internal sealed class TestPeer(MeetingSession session, SessionPeer peer, FakeLink link, Participant participant, Preset preset)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public MeetingSession Session => session;

    public SessionPeer Peer => peer;

    public FakeLink Link => link;

    public Participant Participant => participant;

    public Preset Preset => preset;

    public string Id => peer.Id;

    public string UserId => peer.UserId;

    public Task<PeerView> JoinAsync(string? name = null) =>
        AskAsync<PeerView>((room, answer) => room.Attendance.Join(peer, name, null, answer));

    /// <summary>Does something on the loop and returns what it says.</summary>
    public async Task<T> DoAsync<T>(Func<SessionRoom, T> act)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await session.PostAsync(peer, room => done.TrySetResult(act(room)), refusal => done.TrySetException(refusal));
        return await done.Task.WaitAsync(Patience);
    }

    public Task DoAsync(Action<SessionRoom> act) => DoAsync<object?>(room =>
    {
        act(room);
        return null;
    });

    /// <summary>Does something whose outcome comes later.</summary>
    public async Task<T> AskAsync<T>(Action<SessionRoom, Answer<T>> act)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await session.PostAsync(
            peer,
            room => act(room, new Answer<T>(outcome => done.TrySetResult(outcome), refusal => done.TrySetException(refusal))),
            refusal => done.TrySetException(refusal));
        var outcome = await done.Task.WaitAsync(Patience);
        try
        {
            // Who asked is answered before the others are told: the step that did it has ended by the next one.
            await session.AskAsync<object>(room => room, CancellationToken.None);
        }
        catch (SessionException)
        {
            // The session is over, and nothing more comes.
        }

        return outcome;
    }

    /// <summary>Does something that is refused.</summary>
    public static async Task<SessionFault> RefusalOfAsync(Func<Task> act) => (await Assert.ThrowsAsync<SessionException>(act)).Fault;

    public Task<SessionFault> RefusedAsync(Action<SessionRoom> act) => RefusalOfAsync(() => DoAsync(act));

    /// <summary>Waits until all that was asked for has been told: acts, and what they left to the storage and the media side.</summary>
    public async Task SettleAsync()
    {
        for (var round = 0; round < 2; round++)
        {
            await AskAsync<object>((room, answer) => room.Ask(() => Task.FromResult(new object()), answer));
            await session.AskAsync<object>(room => room, CancellationToken.None);
        }
    }

    /// <summary>What it was told of one kind, in order.</summary>
    public IReadOnlyList<T> Heard<T>()
        where T : SessionEvent => [.. link.Told.OfType<T>()];

    public async Task DisconnectAsync(bool isFinal)
    {
        await session.DisconnectAsync(peer, link, isFinal);
        await session.AskAsync<object>(room => room, CancellationToken.None);
    }
}
