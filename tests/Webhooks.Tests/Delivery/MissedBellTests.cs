using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Webhooks;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Tests.Delivery;

/// <summary>Deliveries that were kept while nobody could be told, as when a connection breaks during a commit that went through.</summary>
public sealed class MissedBellTests() : DatabaseTests(DatabaseEngine.Sqlite)
{
    [Fact]
    public async Task What_nobody_rang_for_is_found_and_sent_while_the_server_runs()
    {
        var clock = new StumblingClock();
        await using var receiver = await TestReceiver.StartAsync();
        await using var silent = new Hooks(Database, Options, clock: clock.Time);
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await silent.NewWebhookAsync(app, receiver.Address);
        await silent.HappenAsync(app, "lane", 0);
        await using var hooks = await new Hooks(Database, Options, Patient, clock).StartAsync();
        await hooks.WaitAsync(webhook.Id, all => all is [{ Status: DeliveryStatus.Delivered }]);

        await silent.HappenAsync(app, "other", 1);

        await AdvanceUntilTakenAsync(hooks, webhook.Id, receiver, clock.Time, 2);
    }

    [Fact]
    public async Task A_fault_that_nobody_thought_of_does_not_end_the_rounds()
    {
        var clock = new StumblingClock();
        await using var receiver = await TestReceiver.StartAsync();
        await using var silent = new Hooks(Database, Options, clock: clock.Time);
        var app = await Hooks.NewAppAsync(Database);
        var webhook = await silent.NewWebhookAsync(app, receiver.Address);
        clock.Stumble();
        await using var hooks = await new Hooks(Database, Options, Patient, clock).StartAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!clock.HasStumbled)
        {
            await Task.Delay(20, patience.Token);
        }

        await silent.HappenAsync(app, "lane", 1);

        await AdvanceUntilTakenAsync(hooks, webhook.Id, receiver, clock.Time, 1);
    }

    // What is under way while the time is moved on may fail, and is tried again.
    private static void Patient(WebhookOptions options)
    {
        options.Timeout = TimeSpan.FromSeconds(30);
        options.GiveUpAfter = options.LogRetention = TimeSpan.FromDays(30);
        options.RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(50), WebhookOptionsValidator.MaxRetries)];
    }

    private static Task<IReadOnlyList<WebhookDelivery>> AdvanceUntilTakenAsync(
        Hooks hooks, WebhookId id, TestReceiver receiver, ManualClock clock, int count) =>
        hooks.WaitAsync(id, all =>
        {
            var isDone = all.Count == count && all.All(each => each.Status is DeliveryStatus.Delivered);
            clock.Advance(isDone ? TimeSpan.Zero : receiver.Received.Count < count ? TimeSpan.FromMinutes(1) : TimeSpan.FromMilliseconds(100));
            return isDone;
        });

    /// <summary>A clock that fails once when it is told to.</summary>
    private sealed class StumblingClock : TimeProvider
    {
        private const int IsAsked = 1;
        private const int IsDone = 2;

        private int _stumble;

        public ManualClock Time { get; } = new();

        public bool HasStumbled => Volatile.Read(ref _stumble) == IsDone;

        public override long TimestampFrequency => Time.TimestampFrequency;

        public void Stumble() => _stumble = IsAsked;

        public override DateTimeOffset GetUtcNow() => Interlocked.CompareExchange(ref _stumble, IsDone, IsAsked) == IsAsked
            ? throw new InvalidOperationException("Nobody knows what time it is.")
            : Time.GetUtcNow();

        public override long GetTimestamp() => Time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            Time.CreateTimer(callback, state, dueTime, period);
    }
}
