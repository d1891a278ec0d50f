using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using Roomcast.Transports.Tcp;

namespace Roomcast.Livestreams.Delivery;

/// <summary>Which bound keeps a request from being held.</summary>
internal enum HoldBound
{
    /// <summary>None: it is held.</summary>
    None,

    /// <summary>That of the whole server.</summary>
    Server,

    /// <summary>That of its livestream.</summary>
    Livestream,

    /// <summary>That of its address.</summary>
    Address,
}

/// <summary>Counts requests that are held for the next part, and wakes them now and then when no part comes.</summary>
/// <remarks>
/// A held request has no timer and no cancellation of its own: thousands of either, made anew for each part, would cost more
/// than the parts. All wait for one task. It completes with the part; while none comes, this timer completes it, and each
/// looks whether it has waited long enough or its viewer is gone.
/// </remarks>
internal sealed class HeldRequests : IDisposable
{
    // Longer than any part, so that while media comes nobody is woken for nothing.
    private static readonly TimeSpan LookAround = TimeSpan.FromMilliseconds(1_200);

    private readonly ConcurrentDictionary<LiveProgram, bool> _programs = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _byOrigin = [];
    private readonly DeliveryOptions _options;
    private readonly ITimer _timer;
    private int _held;

    public HeldRequests(IOptions<DeliveryOptions> options, TimeProvider time, DeliveryMetrics metrics)
    {
        _options = options.Value;
        _timer = time.CreateTimer(static held => ((HeldRequests)held!).WakeIdle(), this, LookAround, LookAround);
        metrics.ObserveHeld(() => Count);
    }

    /// <summary>Requests held now.</summary>
    public int Count => Volatile.Read(ref _held);

    /// <summary>Counts one in.</summary>
    /// <returns>The bound that is reached: then it must be refused, and is not counted.</returns>
    public HoldBound TryAdd(LiveProgram program, IPAddress? address)
    {
        if (!TryAddOf(address))
        {
            return HoldBound.Address;
        }

        if (Interlocked.Increment(ref _held) > _options.MaxHeld)
        {
            Interlocked.Decrement(ref _held);
            RemoveOf(address);
            return HoldBound.Server;
        }

        var held = program.AddHeld();
        if (held > _options.MaxHeldPerLivestream)
        {
            Remove(program, address);
            return HoldBound.Livestream;
        }

        if (held == 1)
        {
            _programs.TryAdd(program, true);
        }

        return HoldBound.None;
    }

    /// <summary>Counts one out.</summary>
    public void Remove(LiveProgram program, IPAddress? address)
    {
        program.RemoveHeld();
        Interlocked.Decrement(ref _held);
        RemoveOf(address);
    }

    public void Dispose() => _timer.Dispose();

    private bool TryAddOf(IPAddress? address)
    {
        if (_options.MaxHeldPerAddress == 0)
        {
            return true;
        }

        var origin = NetworkOrigin.Of(address);
        lock (_lock)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_byOrigin, origin, out _);
            if (count >= _options.MaxHeldPerAddress)
            {
                return false;
            }

            count++;
            return true;
        }
    }

    private void RemoveOf(IPAddress? address)
    {
        if (_options.MaxHeldPerAddress == 0)
        {
            return;
        }

        var origin = NetworkOrigin.Of(address);
        lock (_lock)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrNullRef(_byOrigin, origin);
            if (--count == 0)
            {
                _byOrigin.Remove(origin);
            }
        }
    }

    private void WakeIdle()
    {
        foreach (var (program, _) in _programs)
        {
            if (program.Held == 0)
            {
                _programs.TryRemove(program, out _);
                if (program.Held > 0)
                {
                    // One came in between.
                    _programs.TryAdd(program, true);
                }

                continue;
            }

            var publications = program.Stream.Publications;
            if (publications == program.PublicationsSeen)
            {
                program.Stream.WakeWaiters();
            }

            program.PublicationsSeen = publications;
        }
    }
}
