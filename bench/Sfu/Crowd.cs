using System.Collections.Concurrent;

namespace Roomcast.Bench.Sfu;

/// <summary>All bots, turned by one thread.</summary>
internal sealed class Crowd : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly ConcurrentQueue<Action<TimeSpan>> _posted = new();
    private readonly List<Bot> _bots = [];
    private readonly ManualResetEventSlim _never = new();
    private readonly Thread _thread;
    private readonly long _startedAt = TimeProvider.System.GetTimestamp();
    private volatile bool _isStopping;

    public Crowd()
    {
        _thread = new Thread(Run) { Name = "crowd", IsBackground = true };
        _thread.Start();
    }

    public TimeSpan Now => TimeProvider.System.GetElapsedTime(_startedAt);

    /// <summary>Does something on the crowd's thread.</summary>
    public Task PostAsync(Action<TimeSpan> work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _posted.Enqueue(now =>
        {
            try
            {
                work(now);
                done.SetResult();
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        });
        return done.Task;
    }

    public Task AddAsync(Bot bot, string answer) => PostAsync(now =>
    {
        bot.Connect(answer, now);
        _bots.Add(bot);
    });

    /// <summary>Reads something of all bots.</summary>
    public async Task<long> SumAsync(Func<Bot, long> read)
    {
        var sum = 0L;
        await PostAsync(_ => sum = _bots.Sum(read));
        return sum;
    }

    public void Dispose()
    {
        _isStopping = true;
        _thread.Join();
        foreach (var bot in _bots)
        {
            bot.Dispose();
        }

        _never.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_isStopping)
            {
                var now = Now;
                while (_posted.TryDequeue(out var work))
                {
                    work(now);
                }

                foreach (var bot in _bots)
                {
                    bot.Turn(Now);
                }

                _never.Wait(Pause);
            }
        }
        catch (Exception fault)
        {
            // Everybody waits for bots that will never turn again.
            Console.Error.WriteLine(fault);
            Environment.Exit(1);
        }
    }
}
