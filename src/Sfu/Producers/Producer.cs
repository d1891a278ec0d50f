using System.Text;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Codecs;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Routing;
using Roomcast.Sfu.Speakers;

namespace Roomcast.Sfu.Producers;

/// <summary>A track that arrives from one peer, in one encoding or several.</summary>
/// <remarks>Belongs to its router's loop; not thread-safe.</remarks>
public sealed class Producer
{
    // A browser that restarts an encoding takes a new source for it; more than this is somebody's experiment.
    private const int MaxStreams = 16;

    private readonly List<ProducerStream> _streams = [];
    private readonly List<Consumer> _consumers = [];
    private readonly byte[][] _rids;

    internal Producer(SfuTransport transport, ProducerOptions options)
    {
        Transport = transport;
        Options = options;
        Extensions = transport.Extensions.Copy();
        MidBytes = options.Mid is null ? [] : Encoding.ASCII.GetBytes(options.Mid);
        _rids = [.. options.Rids.Select(Encoding.ASCII.GetBytes)];
    }

    /// <summary>What it was made with.</summary>
    public ProducerOptions Options { get; }

    /// <summary>Whether its packets are held back; its peer may go on sending silence or black.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Encodings that have sent something so far.</summary>
    public int StreamCount => _streams.Count;

    /// <summary>Bits per second that arrive, over all encodings.</summary>
    public long ReceivedBps(TimeSpan now) => _streams.Sum(stream => stream.Rate.RateBps(now) ?? 0);

    /// <summary>Packets that arrived, over all encodings that still do.</summary>
    public long PacketsReceived => _streams.Sum(stream => stream.Statistics.Received);

    /// <summary>Packets that never came, over all encodings that still do; at least 0.</summary>
    public long PacketsLost => _streams.Sum(stream => Math.Max(0, stream.Statistics.Lost));

    /// <summary>Bytes of payload that arrived, over all encodings that still do.</summary>
    public long BytesReceived => _streams.Sum(stream => stream.Statistics.ReceivedBytes);

    /// <summary>Pictures that arrived, at least in part; of each moment those of the best encoding.</summary>
    public long PicturesReceived { get; private set; }

    /// <summary>Keyframes among <see cref="PicturesReceived"/>.</summary>
    public long KeyframesReceived { get; private set; }

    /// <summary>Keyframes that its sender was asked for, over all encodings.</summary>
    public long KeyframesAsked { get; internal set; }

    /// <summary>The source of the best encoding that arrives; null while none does.</summary>
    public uint? SsrcNow(TimeSpan now) => BestNow(now)?.Ssrc;

    /// <summary>Width and height in pixels of the best encoding that arrives; zero when not known.</summary>
    public (int Width, int Height) SizeNow(TimeSpan now) => BestNow(now)?.Size ?? default;

    /// <summary>Spread of the transit times of the best encoding that arrives; zero while none does.</summary>
    public TimeSpan JitterNow(TimeSpan now) =>
        BestNow(now)?.Statistics.Jitter ?? TimeSpan.Zero;

    /// <summary>Names of the encodings that arrive now, best first; empty for a track of one encoding.</summary>
    public IReadOnlyList<string> ActiveRids(TimeSpan now) =>
        [.. _streams.Where(stream => stream.Rid is not null && stream.IsActive(now)).Select(stream => stream.Rid!)];

    internal SfuTransport Transport { get; }

    /// <summary>Its voice in the choice of the active speaker; null when it takes no part in that.</summary>
    public Speaker? Speaker { get; internal set; }

    internal byte[] MidBytes { get; }

    /// <summary>What the numbers of its packets' header extensions stood for when it was made. What its packets say is read by this for as
    /// long as it lives: read by a number that was agreed later, a packet sent again would say more than it did at first.</summary>
    internal RtpExtensionMap Extensions { get; }

    internal List<ProducerStream> Streams => _streams;

    internal List<Consumer> Consumers => _consumers;

    /// <summary>Holds its packets back, or lets them through again: the receivers then begin with a keyframe.</summary>
    public void SetPaused(bool isPaused)
    {
        if (IsPaused == isPaused)
        {
            return;
        }

        IsPaused = isPaused;
        if (!isPaused)
        {
            foreach (var consumer in _consumers)
            {
                consumer.Restart();
            }
        }
    }

    /// <summary>The stream of an encoding; null while it has sent nothing.</summary>
    internal ProducerStream? StreamOf(int rank)
    {
        foreach (var stream in _streams)
        {
            if (stream.Rank == rank)
            {
                return stream;
            }
        }

        return null;
    }

    /// <summary>Notes that a picture of an encoding arrives, or that one is found to be a keyframe.</summary>
    internal void CountPicture(ProducerStream stream, bool isNew, bool isKeyframe, TimeSpan now)
    {
        foreach (var better in _streams)
        {
            if (better == stream)
            {
                PicturesReceived += isNew ? 1 : 0;
                KeyframesReceived += isKeyframe ? 1 : 0;
                return;
            }

            if (better.IsActive(now))
            {
                return;
            }
        }
    }

    /// <summary>Finds or makes the stream of a source that was told to be this producer's.</summary>
    /// <param name="ssrc">The source.</param>
    /// <param name="rid">The encoding's name, lent; empty when packets have none.</param>
    /// <returns>Null when the name is none of the producer's, or there are too many sources.</returns>
    internal ProducerStream? AddStream(uint ssrc, ReadOnlySpan<byte> rid)
    {
        var rank = 0;
        string? name = null;
        if (_rids.Length > 0)
        {
            rank = IndexOf(rid);
            if (rank < 0)
            {
                return null;
            }

            name = Options.Rids[rank];
        }

        if (_streams.Count == MaxStreams)
        {
            return null;
        }

        // An encoding has one source at a time: a new one takes the place of the old.
        var stream = new ProducerStream(this, ssrc, name, rank);
        _streams.RemoveAll(old =>
        {
            if (old.Rank != rank)
            {
                return false;
            }

            Transport.Forget(old);
            return true;
        });
        _streams.Add(stream);
        _streams.Sort(static (a, b) => a.Rank.CompareTo(b.Rank));
        return stream;
    }

    private ProducerStream? BestNow(TimeSpan now) => _streams.Find(stream => stream.IsActive(now));

    private int IndexOf(ReadOnlySpan<byte> rid)
    {
        for (var i = 0; i < _rids.Length; i++)
        {
            if (rid.SequenceEqual(_rids[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
