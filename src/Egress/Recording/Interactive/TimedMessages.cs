namespace Roomcast.Egress.Recording.Interactive;

/// <summary>The messages of a session on their way into its recording. Thread-safe; no call blocks.</summary>
/// <remarks>
/// What applications send under <see cref="Types"/> to everybody is taken, <see cref="MaxPerSecond"/> and <see cref="MaxBytesPerSecond"/>
/// on the average and <see cref="Seconds"/> times as much at once. Of what is more, or more than <see cref="MaxWaiting"/>, the newest is
/// dropped and counted: what was sent first stays, and the others in the meeting are not held up. What is longer than
/// <see cref="MaxBytes"/>, is not UTF-8, or has a zero in it, cannot stand in an ID3 tag and is dropped too.
/// </remarks>
internal sealed class TimedMessages(TimeProvider clock)
{
    /// <summary>Messages that may wait for the frames of their time.</summary>
    public const int MaxWaiting = 256;

    /// <summary>Messages in one second.</summary>
    public const int MaxPerSecond = 20;

    /// <summary>Longest message in bytes: 32 KiB, as sessions have it. Its box has room for twice that.</summary>
    public const int MaxBytes = 32 << 10;

    /// <summary>Bytes of messages in one second: 64 KiB.</summary>
    public const int MaxBytesPerSecond = 64 << 10;

    /// <summary>For how many seconds' worth of messages there is room at once.</summary>
    public const int Seconds = 8;

    /// <summary>The kinds of messages that are taken: the published guide says the first in its text and the second in its examples.</summary>
    public static readonly IReadOnlyList<string> Types = ["ID3", "ID3Data"];

    private readonly Lock _lock = new();
    private readonly Queue<(long HeardAt, ReadOnlyMemory<byte> Payload)> _waiting = new();
    private double _credit = MaxPerSecond * Seconds;
    private double _byteCredit = MaxBytesPerSecond * Seconds;
    private long _creditedAt = clock.GetTimestamp();
    private long _dropped;
    private bool _isOver;

    /// <summary>The message by which an application says that none follows, as JSON. It is not recorded itself.</summary>
    private static ReadOnlySpan<byte> Closing => "\"CLOSE_TRANSPORT\""u8;

    /// <summary>Messages that were dropped.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes a message of the session.</summary>
    public void Hear(RecordedMessage message)
    {
        if (!Types.Contains(message.Type, StringComparer.Ordinal))
        {
            return;
        }

        var now = clock.GetTimestamp();
        var payload = message.Payload.Span;
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            if (payload.SequenceEqual(Closing))
            {
                _isOver = true;
                return;
            }

            var elapsed = clock.GetElapsedTime(_creditedAt, now).TotalSeconds;
            _creditedAt = now;
            _credit = Math.Min(MaxPerSecond * Seconds, _credit + (elapsed * MaxPerSecond));
            _byteCredit = Math.Min(MaxBytesPerSecond * Seconds, _byteCredit + (elapsed * MaxBytesPerSecond));
            if (_credit < 1 || _byteCredit < payload.Length || _waiting.Count == MaxWaiting
                || payload.Length > MaxBytes || payload.Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(payload))
            {
                Interlocked.Increment(ref _dropped);
                return;
            }

            _credit--;
            _byteCredit -= payload.Length;
            _waiting.Enqueue((now, message.Payload));
        }
    }

    /// <summary>Takes the oldest message out, if it was heard until then.</summary>
    /// <param name="until">A timestamp of the clock.</param>
    /// <param name="heardAt">When it was heard.</param>
    /// <param name="payload">The message.</param>
    public bool TryTake(long until, out long heardAt, out ReadOnlyMemory<byte> payload)
    {
        lock (_lock)
        {
            if (!_waiting.TryPeek(out var oldest) || oldest.HeardAt > until)
            {
                (heardAt, payload) = (0, default);
                return false;
            }

            _waiting.Dequeue();
            (heardAt, payload) = oldest;
            return true;
        }
    }
}
