namespace Roomcast.Transports.Tcp;

/// <summary>The beat at which connections fetch what has arrived, all of them in one go.</summary>
/// <remarks>
/// <para>
/// Waking up costs far more than receiving. An encoder sends some eighty small messages a second; a wake-up for each, with its
/// way through epoll, two thread hand-overs and the pool's spinning, came to nine tenths of what a publisher cost. At a
/// beat, one wake-up serves every connection with a receive that does not wait, and the sockets are never registered with
/// epoll, which would otherwise report each packet whether anybody asked or not.
/// </para>
/// <para>
/// The price is half a beat of latency on the average. The beat runs only while somebody waits for it, and skips while the
/// last one is still being served, so that a busy server takes more at a time. Thread-safe.
/// </para>
/// </remarks>
internal sealed class ReceiveBeat : IDisposable
{
    // Connections that one thread serves in a row; further ones go to other threads of the pool.
    private const int MostInARow = 64;

    private readonly Lock _lock = new();
    private readonly TimeSpan _interval;
    private readonly ITimer _timer;
    private List<TcpConnection> _waiting = [];
    private List<TcpConnection> _due = [];
    private bool _isRunning;
    private int _isTicking;

    public ReceiveBeat(TimeSpan interval, TimeProvider clock)
    {
        _interval = interval;
        _timer = clock.CreateTimer(static state => ((ReceiveBeat)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Has <see cref="TcpConnection.OnBeat"/> called at the next beat, once.</summary>
    public void Enlist(TcpConnection connection)
    {
        lock (_lock)
        {
            _waiting.Add(connection);
            if (!_isRunning)
            {
                _isRunning = true;
                _timer.Change(_interval, _interval);
            }
        }
    }

    /// <summary>Serves those who wait without waiting for the beat.</summary>
    public void ServeNow() => Tick();

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        if (Interlocked.Exchange(ref _isTicking, 1) != 0)
        {
            return;
        }

        lock (_lock)
        {
            (_waiting, _due) = (_due, _waiting);
            if (_due.Count == 0)
            {
                _isRunning = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        for (var from = MostInARow; from < _due.Count; from += MostInARow)
        {
            var row = _due.GetRange(from, Math.Min(MostInARow, _due.Count - from));
            ThreadPool.UnsafeQueueUserWorkItem(static row => Serve(row, row.Count), row, preferLocal: false);
        }

        Serve(_due, Math.Min(MostInARow, _due.Count));
        _due.Clear();
        Volatile.Write(ref _isTicking, 0);
    }

    private static void Serve(List<TcpConnection> row, int count)
    {
        for (var i = 0; i < count; i++)
        {
            row[i].OnBeat();
        }
    }
}
