using Roomcast.Rtc.Rtp;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>What a browser asks for again: at once, then once in a round trip, ten times at most.</summary>
internal sealed class BrowserNacks
{
    private const int MaxRequests = 10;

    private static readonly TimeSpan ReorderTolerance = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(110);

    private readonly SortedDictionary<long, (TimeSpan NextAt, int Requests)> _missing = [];
    private long _highest = long.MinValue;
    private bool _gaveUp;

    public void OnPacket(long number, TimeSpan now)
    {
        _missing.Remove(number);
        for (var lost = _highest + 1; _highest != long.MinValue && lost < number; lost++)
        {
            _missing[lost] = (now + ReorderTolerance, 0);
        }

        _highest = Math.Max(_highest, number);
    }

    public int TakeDue(TimeSpan now, Span<ushort> due)
    {
        var count = 0;
        foreach (var (number, (nextAt, requests)) in _missing.ToList())
        {
            if (requests == MaxRequests)
            {
                _missing.Remove(number);
                _gaveUp = true;
            }
            else if (nextAt <= now && count < due.Length)
            {
                due[count++] = unchecked((ushort)number);
                _missing[number] = (now + RoundTrip, requests + 1);
            }
        }

        return count;
    }

    public bool TakeGaveUp()
    {
        var gaveUp = _gaveUp;
        _gaveUp = false;
        return gaveUp;
    }
}

/// <summary>Puts frames together and notes how long the picture stood still.</summary>
internal sealed class ReceivedVideo(TimeSpan begin)
{
    private readonly SortedDictionary<long, (byte[] Packet, RtpHeader Header)> _packets = [];
    private long _next = -1;
    private TimeSpan? _shownAt;

    /// <summary>Longest time without a new frame, from the first one to the end.</summary>
    public TimeSpan LongestFreeze { get; private set; }

    /// <summary>How long the first frame took; null before it is shown.</summary>
    public TimeSpan? FirstAfter { get; private set; }

    public int FramesShown { get; private set; }

    /// <summary>How often the picture went on at a keyframe behind a hole.</summary>
    public int Jumps { get; private set; }

    /// <summary>The run has ended: what stands still then has stood still since the last frame.</summary>
    public void End(TimeSpan now) => NoteStandstill(now);

    /// <summary>Adds a packet and shows what can be shown.</summary>
    public void Add(long number, byte[] packet, RtpHeader header, TimeSpan now)
    {
        if (_next >= 0 && number < _next)
        {
            return;
        }

        _packets[number] = (packet, header);
        if (_next < 0 || FrameFrom(_next) is null)
        {
            JumpToKeyframe();
        }

        while (_next >= 0 && FrameFrom(_next) is { } end)
        {
            var isPadding = _packets[end].Header.PayloadLength == 0;
            for (; _next <= end; _next++)
            {
                _packets.Remove(_next);
            }

            if (isPadding)
            {
                continue;
            }

            FramesShown++;
            FirstAfter ??= now - begin;
            NoteStandstill(now);
            _shownAt = now;
        }
    }

    private void NoteStandstill(TimeSpan now)
    {
        if (_shownAt is { } last && now - last > LongestFreeze)
        {
            LongestFreeze = now - last;
        }
    }

    /// <summary>A complete keyframe behind a hole makes the hole unimportant.</summary>
    private void JumpToKeyframe()
    {
        foreach (var (number, (packet, header)) in _packets)
        {
            if (number > _next && Rtc.Rtp.Vp8.Vp8PayloadDescriptor.TryRead(header.PayloadOf(packet), out var vp8)
                && vp8.StartsKeyframe && FrameFrom(number) is not null)
            {
                Jumps += _next < 0 ? 0 : 1;
                _next = number;
                foreach (var old in _packets.Keys.Where(key => key < number).ToList())
                {
                    _packets.Remove(old);
                }

                return;
            }
        }
    }

    private long? FrameFrom(long first)
    {
        for (var number = first; _packets.TryGetValue(number, out var packet); number++)
        {
            if (packet.Header.Marker || packet.Header.PayloadLength == 0)
            {
                return number;
            }
        }

        return null;
    }
}

/// <summary>Which packets of sound came in time to be played.</summary>
internal sealed class ReceivedSound
{
    // A browser plays sound behind a buffer that grows until it covers what nearly all packets take, those that were repeated among
    // them. What it may grow to is bounded by what a conversation bears: 400 ms from mouth to ear (ITU-T G.114). The two legs of these
    // networks take 100 ms of that without jitter.
    private static readonly TimeSpan PathDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PlayoutDeadline = PathDelay + TimeSpan.FromMilliseconds(300);

    private readonly List<(TimeSpan SentAt, TimeSpan? ArrivedAt)> _packets = [];

    /// <summary>The next packet is sent.</summary>
    /// <returns>Its number, from 0 on.</returns>
    public int OnSent(TimeSpan now)
    {
        _packets.Add((now, null));
        return _packets.Count - 1;
    }

    /// <summary>A packet has come, perhaps not for the first time.</summary>
    public void OnArrived(int number, TimeSpan now) => _packets[number] = _packets[number] with { ArrivedAt = _packets[number].ArrivedAt ?? now };

    /// <summary>Share of what was sent that had not come when its turn to be played was over.</summary>
    /// <param name="from">Packets sent before are not counted.</param>
    /// <param name="until">Nor are those whose turn is not over at this time.</param>
    public double MissingBetween(TimeSpan from, TimeSpan until)
    {
        var due = _packets.Where(packet => packet.SentAt >= from && packet.SentAt + PlayoutDeadline <= until).ToList();
        return due.Count(packet => packet.ArrivedAt is not { } at || at - packet.SentAt > PlayoutDeadline) / (double)due.Count;
    }

    /// <summary>Share of what was sent in the same time that never came.</summary>
    public double LostBetween(TimeSpan from, TimeSpan until)
    {
        var due = _packets.Where(packet => packet.SentAt >= from && packet.SentAt + PlayoutDeadline <= until).ToList();
        return due.Count(packet => packet.ArrivedAt is null) / (double)due.Count;
    }
}
