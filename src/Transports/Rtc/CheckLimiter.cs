using System.Security.Cryptography;
using Roomcast.Rtc;

namespace Roomcast.Transports.Rtc;

/// <summary>Bounds the checks from addresses that are not known yet: each costs an HMAC. Belongs to one worker's thread.</summary>
/// <remarks>
/// Buckets are found by a keyed hash of the IPv4 address or the IPv6 /64, and are not told apart beyond that: a fixed table
/// that nobody can make grow. Two sources in one bucket share its rate.
/// </remarks>
/// <param name="perSource">Checks per second of one source, and as many in a burst.</param>
/// <param name="perWorker">The same of all sources together.</param>
internal sealed class CheckLimiter(int perSource, int perWorker)
{
    private const int BucketCount = 8192;

    private readonly Bucket[] _buckets = new Bucket[BucketCount];
    private readonly ulong _key = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private Bucket _all;

    /// <summary>Takes one check of a source.</summary>
    /// <returns>False when it is one too many.</returns>
    public bool TryTake(in RtcAddress from, TimeSpan now)
    {
        var source = from.IsIPv4 ? (ulong)from.Ip : (ulong)(from.Ip >> 64);
        ref var bucket = ref _buckets[Mix(source ^ _key) % BucketCount];
        return bucket.TryTake(perSource, now) && _all.TryTake(perWorker, now);
    }

    // The finisher of SplitMix64.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>Empties at its rate, and holds a second's worth.</summary>
    private struct Bucket
    {
        private double _level;
        private TimeSpan _at;

        public bool TryTake(int perSecond, TimeSpan now)
        {
            _level = Math.Max(0, _level - ((now - _at).TotalSeconds * perSecond));
            _at = now;
            if (_level + 1 > perSecond)
            {
                return false;
            }

            _level++;
            return true;
        }
    }
}
