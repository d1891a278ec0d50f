using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.TestKit;
using Roomcast.Webhooks.Delivery;
using Roomcast.Webhooks.Records;

namespace Roomcast.Webhooks.Tests.Delivery;

public sealed class ResultBookTests
{
    [Fact]
    public async Task Whatever_goes_wrong_a_result_is_kept_once_it_can_be_and_so_are_those_after_it()
    {
        var clock = new ManualClock();
        var faults = new Queue<Exception>([new InvalidOperationException("Nobody thought of this."), new FormatException("Nor of this.")]);
        var kept = new List<AttemptResult>();
        var book = new ResultBook(
            results =>
            {
                if (faults.TryDequeue(out var fault))
                {
                    throw fault;
                }

                kept.AddRange(results);
                return Task.CompletedTask;
            },
            clock,
            NullLogger.Instance);
        var writing = book.RunAsync(CancellationToken.None);
        var (first, second) = (NewResult(), NewResult());

        await WaitAsync(book.SaveAsync(first), writing, clock);
        await WaitAsync(book.SaveAsync(second), writing, clock);

        Assert.Equal([first, second], kept);
        book.Complete();
        await writing;
    }

    [Fact]
    public async Task When_the_server_stops_what_cannot_be_kept_holds_nobody_up()
    {
        using var stopping = new CancellationTokenSource();
        var book = new ResultBook(_ => throw new InvalidOperationException("It is not to be."), new ManualClock(), NullLogger.Instance);
        var writing = book.RunAsync(stopping.Token);
        var saving = book.SaveAsync(NewResult());

        await stopping.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => saving.WaitAsync(TimeSpan.FromMinutes(1)));
        book.Complete();
        await writing;
    }

    private static AttemptResult NewResult() => new(
        new PendingDelivery(new DeliveryId(Guid.NewGuid()), "happened", 0, null, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, []),
        DeliveryStatus.Delivered,
        1,
        null,
        DateTimeOffset.UnixEpoch,
        200,
        null,
        TimeSpan.Zero);

    private static async Task WaitAsync(Task saving, Task writing, ManualClock clock)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!saving.IsCompleted)
        {
            Assert.False(writing.IsCompleted, "Nothing is kept any more.");
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10, patience.Token);
        }

        await saving;
    }
}
