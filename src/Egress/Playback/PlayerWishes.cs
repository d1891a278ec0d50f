using System.Threading.Channels;

namespace Roomcast.Egress.Playback;

/// <summary>
/// What a player is still to be told. Of each kind the newest counts, so that nothing that was promised is lost however many are asked,
/// and no more than one of each kind waits. Thread-safe.
/// </summary>
internal sealed class PlayerWishes
{
    private readonly Lock _lock = new();
    private readonly List<WireCommand> _waiting = [];
    private readonly Channel<bool> _has = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Adds one.</summary>
    public void Add(WireCommand wish)
    {
        lock (_lock)
        {
            // It is told in its own time: what was asked in between came before it.
            _waiting.RemoveAll(each => IsReplacedBy(each.Act, wish.Act));
            _waiting.Add(wish);
            _has.Writer.TryWrite(true);
        }
    }

    /// <summary>Takes the oldest; waits for one.</summary>
    /// <exception cref="OperationCanceledException">The waiting was stopped.</exception>
    public async ValueTask<WireCommand> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_lock)
            {
                if (_waiting.Count > 0)
                {
                    var wish = _waiting[0];
                    _waiting.RemoveAt(0);
                    return wish;
                }
            }

            await _has.Reader.ReadAsync(cancellationToken);
        }
    }

    // To stand still and to go on are one wish.
    private static bool IsReplacedBy(PlayerAct old, PlayerAct wish) =>
        old == wish || (old is PlayerAct.Pause or PlayerAct.Resume && wish is PlayerAct.Pause or PlayerAct.Resume);
}
