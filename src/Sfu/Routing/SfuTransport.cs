using Roomcast.Rtc.Congestion;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp.Extensions;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;

namespace Roomcast.Sfu.Routing;

/// <summary>One peer's transport as the router sees it: the tracks that arrive over it and those that leave.</summary>
/// <remarks>
/// Sans-IO. The owner hands in decrypted packets and the time; packets leave through the <see cref="IPacketSink"/>. Belongs
/// to its router's loop; not thread-safe. The two halves are in <c>SfuTransport.Receiving.cs</c> and
/// <c>SfuTransport.Sending.cs</c>.
/// </remarks>
public sealed partial class SfuTransport
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    private readonly Router _router;
    private readonly IPacketSink _sink;
    private readonly uint _reportSsrc;
    private readonly List<Producer> _producers = [];
    private readonly List<Consumer> _consumers = [];
    private TimeSpan _reportAt;
    private bool _isClosed;

    private long _received;
    private long _sent;
    private long _unknown;
    private long _wrongPayloadType;
    private long _tooLong;
    private long _noRoom;
    private long _nacked;
    private long _nacksSent;
    private long _keyframesWanted;
    private long _keyframeRequestsSent;
    private long _malformedRtcp;

    internal SfuTransport(Router router, IPacketSink sink, SfuTransportOptions options, TimeSpan now)
    {
        _router = router;
        _sink = sink;
        _reportSsrc = options.ReportSsrc;
        Extensions = options.Extensions;
        Estimator = new BandwidthEstimator(options.Bandwidth);
        _sharing = new BandwidthSharing(this);
        _reportAt = now + ReportInterval;
        _allocateAt = now + AllocationInterval;
        NextDeadline = _allocateAt;
    }

    /// <summary>When to call <see cref="HandleDeadline"/>; <see cref="TimeSpan.MaxValue"/> while nothing arrives or leaves.</summary>
    public TimeSpan NextDeadline { get; private set; }

    /// <summary>What may be sent to the peer.</summary>
    public BandwidthEstimator Estimator { get; }

    /// <summary>The tracks that arrive.</summary>
    public IReadOnlyList<Producer> Producers => _producers;

    /// <summary>The tracks that leave.</summary>
    public IReadOnlyList<Consumer> Consumers => _consumers;

    /// <summary>What it has met.</summary>
    public SfuTransportCounters Counters => new()
    {
        Received = _received,
        Sent = _sent,
        Unknown = _unknown,
        WrongPayloadType = _wrongPayloadType,
        TooLong = _tooLong,
        NoRoom = _noRoom,
        Nacked = _nacked,
        NacksSent = _nacksSent,
        KeyframesWanted = _keyframesWanted,
        KeyframeRequestsSent = _keyframeRequestsSent,
        MalformedRtcp = _malformedRtcp,
    };

    internal RtpExtensionMap Extensions { get; }

    /// <summary>Does what is due: reports, requests, probes, and the division of the bandwidth.</summary>
    public void HandleDeadline(TimeSpan now)
    {
        if (_isClosed || now < NextDeadline)
        {
            return;
        }

        SendRequests(now);
        if (now >= _reportAt)
        {
            SendReports(now);
            _reportAt = now + ReportInterval;
        }

        Estimator.OnTime(now);
        _sharing.SendProbe(now);
        if (now >= _allocateAt)
        {
            _sharing.Share(now);
            _allocateAt = now + AllocationInterval;
        }

        var isIdle = _producers.Count == 0 && _consumers.Count == 0;
        var next = isIdle ? TimeSpan.MaxValue : Earlier(_reportAt, _allocateAt);
        next = _recorder.NextDeadline is { } feedback ? Earlier(next, feedback) : next;
        next = _sharing.IsProbing ? Earlier(next, now + ProbeStep) : next;
        foreach (var producer in _producers)
        {
            foreach (var stream in producer.Streams)
            {
                next = NextRequestOf(stream, now) is { } due ? Earlier(next, due) : next;
            }
        }

        NextDeadline = next > now ? next : now + TimeSpan.FromMilliseconds(1);
    }

    internal void Close()
    {
        _isClosed = true;
        while (_consumers.Count > 0)
        {
            Remove(_consumers[^1]);
        }

        while (_producers.Count > 0)
        {
            Remove(_producers[^1]);
        }
    }

    private void WakeAt(TimeSpan when) => NextDeadline = Earlier(NextDeadline, when);

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
