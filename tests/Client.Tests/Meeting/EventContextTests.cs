using System.Collections.Concurrent;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>Events come on the context that the application names, or was on when it initialised the client, one at a time.</summary>
[Collection(nameof(MeetingServer))]
public sealed class EventContextTests(MeetingServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task All_events_come_on_one_context_and_handlers_go_on_there(bool isNamed)
    {
        using var context = new OneThread();
        var meeting = await server.CreateMeetingAsync();
        await using var bob = await server.InitAsync(meeting, "Bob");
        var alice = isNamed
            ? await server.InitAsync(meeting, "Alice", change: options => options with { EventContext = context })
            : await context.RunAsync(() => server.InitAsync(meeting, "Alice"));
        await using var _ = alice;
        var heard = new Heard();
        var others = new Heard();
        var running = 0;
        async void Hear(string what)
        {
            void Check(string where)
            {
                if (Environment.CurrentManagedThreadId != context.ThreadId || SynchronizationContext.Current != context)
                {
                    others.Add(where);
                }
            }

            Check(what);
            if (Interlocked.Increment(ref running) != 1)
            {
                others.Add($"{what} meanwhile");
            }

            Thread.Yield();
            Interlocked.Decrement(ref running);
            await Task.Yield();
            Check($"{what} gone on");
            heard.Add(what);
        }

        alice.Self.RoomJoined += isAgain => Hear($"joined {isAgain}");
        alice.Self.RoomLeft += state => Hear($"left {state}");
        alice.Self.AudioUpdated += isOn => Hear($"audio {isOn}");
        alice.Participants.Joined.ParticipantJoined += who =>
        {
            Hear($"{who.Name} came");
            who.VideoUpdated += _ => Hear($"{who.Name}'s pictures");
        };
        alice.Participants.Joined.ParticipantLeft += who => Hear($"{who.Name} went");
        alice.Chat.ChatUpdated += update => Hear(update.Message.Text);
        alice.Livestream.ViewerCountUpdated += count => Hear($"{count} are here");
        alice.HandlerFailed += fault => Hear(fault.Message);
        alice.Polls.PollsUpdated += (_, _) => throw new InvalidOperationException("A handler's own fault.");

        await bob.JoinAsync();
        await alice.JoinAsync();
        await bob.Chat.SendTextMessageAsync("hello");
        await alice.Self.DisableAudioAsync();
        await bob.Polls.CreateAsync("Tea?", ["yes", "no"]);
        foreach (var what in (string[])["joined False", "Bob came", "Bob's pictures", "hello", "audio False", "2 are here", "A handler's own fault."])
        {
            await heard.UntilAsync(what);
        }

        alice.LoseSocket();
        await heard.UntilAsync("left Disconnected");
        await heard.UntilAsync("joined True");
        await bob.LeaveAsync();
        await heard.UntilAsync("Bob went");
        await alice.LeaveAsync();
        await heard.UntilAsync("left Left");

        Assert.Equal([], others.All);
    }

    /// <summary>A context of one thread, as desktop applications have it.</summary>
    private sealed class OneThread : SynchronizationContext, IDisposable
    {
        private readonly BlockingCollection<(SendOrPostCallback Act, object? State)> _acts = [];
        private readonly Thread _thread;

        public OneThread()
        {
            _thread = new Thread(Run) { IsBackground = true };
            _thread.Start();
        }

        public int ThreadId => _thread.ManagedThreadId;

        public override void Post(SendOrPostCallback d, object? state)
        {
            if (!_acts.IsAddingCompleted)
            {
                _acts.Add((d, state));
            }
        }

        public Task<T> RunAsync<T>(Func<Task<T>> act)
        {
            var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            Post(async _ =>
            {
                try
                {
                    done.SetResult(await act());
                }
                catch (Exception fault)
                {
                    done.SetException(fault);
                }
            }, null);
            return done.Task;
        }

        public void Dispose()
        {
            _acts.CompleteAdding();
            _thread.Join();
            _acts.Dispose();
        }

        private void Run()
        {
            SetSynchronizationContext(this);
            foreach (var (act, state) in _acts.GetConsumingEnumerable())
            {
                act(state);
            }
        }
    }
}
