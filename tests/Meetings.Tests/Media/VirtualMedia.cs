using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Meetings.Media;
using Roomcast.Rtc;
using Roomcast.Rtc.Dtls;
using Roomcast.Rtc.Ice;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Rtc;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Tests.Media;

/// <summary>An engine and browsers around it, with a network between them, in virtual time on one thread.</summary>
/// <remarks>What is posted to the worker is done at once, so that awaiting a room's answer does not wait.</remarks>
internal sealed class VirtualMedia : IMediaWorker, IDisposable
{
    public static readonly RtcAddress ServerAddress = RtcAddress.FromIPv4(0xC6336401, 8844);
    public static readonly RtcAddress LocalAddress = RtcAddress.FromIPv4(0x0A010203, 8844);
    private static readonly DtlsIdentity Identity = DtlsIdentity.Create(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly FaultLog _faults = new();
    private readonly VirtualSink _sink;
    private readonly List<Link> _links = [];
    private readonly List<MediaBot> _bots = [];
    private readonly int _seed;
    private uint _nextIp = 0xC0000201;
    private RtcAddress? _handlingFrom;
    private bool _isRequested;
    private bool _isDue;

    public VirtualMedia(int seed = 1)
    {
        _seed = seed;
        _sink = new VirtualSink(this);
        var meters = _services.GetRequiredService<IMeterFactory>();
        Metrics = new MediaMetrics(meters);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument is { Name: "roomcast.media.requests.failed", Meter.Scope: { } scope } && scope == meters)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, _, _) => FailedRequests += count);
        _listener.Start();
        Engine = new MediaEngine(this, Identity, Metrics, _faults);
        Rooms = new MediaRooms(() => [Engine], NullLogger<MediaRooms>.Instance);
        Room = Rooms.Open("room");
    }

    public MediaEngine Engine { get; }

    public MediaMetrics Metrics { get; }

    public MediaRooms Rooms { get; }

    public MediaRoom Room { get; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(50);

    /// <summary>What each link does to datagrams from now on.</summary>
    public NetworkConditions Conditions { get; private set; } = NetworkConditions.Perfect;

    public HashSet<string> Ufrags { get; } = [];

    public HashSet<RtcAddress> Paths { get; } = [];

    /// <summary>Datagrams the server sent to addresses where nobody is.</summary>
    public int SentNowhere { get; private set; }

    /// <summary>Whether what the server sends is only counted.</summary>
    public bool IsDiscarding { get; set; }

    /// <summary>What was counted.</summary>
    public long Discarded { get; private set; }

    /// <summary>From where a datagram is to meet a fault, once, as soon as it makes the server write something.</summary>
    public RtcAddress? FailsFor { get; set; }

    /// <summary>Whether the next request is to meet a fault, once, as soon as it makes the server write something.</summary>
    public bool FailsForRequest { get; set; }

    /// <summary>Whether what is due next is to meet a fault, once, as soon as it makes the server write something.</summary>
    public bool FailsForDeadline { get; set; }

    /// <summary>Requests that are counted as having met a fault.</summary>
    public long FailedRequests { get; private set; }

    /// <summary>What the server has logged as wrong. Whatever is left at the end was not expected.</summary>
    public List<string> Faults => _faults.Errors;

    /// <summary>Whether posted work is refused.</summary>
    public bool IsFull { get; set; }

    public IDatagramSink Sink => _sink;

    public IReadOnlyList<IceCandidate> Candidates { get; } =
    [
        IceCandidate.HostOf(ServerAddress, 0), IceCandidate.HostOf(ServerAddress with { Protocol = RtcProtocol.Tcp }, 0),
    ];

    public IReadOnlyList<IceCandidate> LocalCandidates { get; } = [IceCandidate.HostOf(LocalAddress, 0), IceCandidate.HostOf(ServerAddress, 1)];

    public MediaBot AddBot(string peerId, BrowserFlavor flavor = BrowserFlavor.Chromium)
    {
        var bot = new MediaBot(this, Room, peerId, flavor, (_seed * 100) + _bots.Count);
        _bots.Add(bot);
        return bot;
    }

    /// <summary>Gives a connection a place in the network.</summary>
    public RtcAddress Connect(BrowserTransport browser)
    {
        var link = new Link(browser, RtcAddress.FromIPv4(_nextIp++, 50_000), (_seed * 1_000) + _links.Count, Conditions);
        _links.Add(link);
        return link.Address;
    }

    /// <summary>Cuts a connection's cable for good.</summary>
    public void Cut(BrowserTransport browser) => _links.RemoveAll(link => link.Browser == browser);

    /// <summary>Moves a connection behind another address, as a NAT does.</summary>
    public RtcAddress Move(BrowserTransport browser)
    {
        var link = _links.Single(link => link.Browser == browser);
        link.Address = RtcAddress.FromIPv4(_nextIp++, 50_001);
        return link.Address;
    }

    public void SetConditions(NetworkConditions conditions)
    {
        Conditions = conditions;
        foreach (var link in _links)
        {
            link.ToServer.Conditions = conditions;
            link.ToClient.Conditions = conditions;
        }
    }

    /// <summary>Gives the server a datagram as if it came from there.</summary>
    public void Inject(byte[] datagram, RtcAddress from) => Engine.Handle((byte[])datagram.Clone(), from, Now);

    /// <summary>Where a connection's datagrams come from.</summary>
    public RtcAddress AddressOf(BrowserTransport browser) => _links.Single(link => link.Browser == browser).Address;

    /// <summary>Keeps copies of what a connection's datagrams are.</summary>
    public List<byte[]> Tap(BrowserTransport browser)
    {
        var link = _links.Single(link => link.Browser == browser);
        return link.Tap ??= [];
    }

    /// <summary>Lets time pass, media included, in steps of a millisecond.</summary>
    public void Run(int milliseconds) => RunUntil(() => false, milliseconds);

    /// <summary>Lets time pass until something is so.</summary>
    /// <returns>Whether it came to be so.</returns>
    public bool RunUntil(Func<bool> isSo, int atMostMilliseconds = 5_000)
    {
        for (var i = 0; i < atMostMilliseconds; i++)
        {
            if (isSo())
            {
                return true;
            }

            Step();
        }

        return isSo();
    }

    public bool TryPost(Action<TimeSpan> work)
    {
        if (IsFull)
        {
            return false;
        }

        _isRequested = true;
        work(Now);
        _isRequested = false;
        return true;
    }

    public void AddUfrag(string ufrag) => Assert.True(Ufrags.Add(ufrag));

    public void RemoveUfrag(string ufrag) => Assert.True(Ufrags.Remove(ufrag));

    public bool AddPath(in RtcAddress path)
    {
        Paths.Add(path);
        return true;
    }

    public void RemovePath(in RtcAddress path) => Paths.Remove(path);

    public void Dispose()
    {
        foreach (var bot in _bots)
        {
            bot.Dispose();
        }

        _listener.Dispose();
        _services.Dispose();
        Assert.Empty(_faults.Errors);
    }

    private void Step()
    {
        foreach (var bot in _bots)
        {
            bot.SendMedia(Now);
        }

        for (var i = 0; i < _links.Count; i++)
        {
            var link = _links[i];
            while (link.Browser.TryTake(out var datagram))
            {
                link.ToServer.Send(datagram, link.Address, Now);
            }

            while (link.ToServer.TryReceive(Now, out var datagram, out var from))
            {
                if (datagram.Length > RtcWorker.MaxDatagramLength)
                {
                    continue; // The sockets drop what is longer.
                }

                link.Tap?.Add((byte[])datagram.Clone());
                _handlingFrom = from;
                Engine.Handle(datagram, from, Now);
                _handlingFrom = null;
            }
        }

        for (var i = 0; Engine.NextDeadline <= Now; i++)
        {
            Assert.True(i < 100, $"The engine never comes to rest: {Engine.NextDeadline} at {Now}.");
            _isDue = true;
            Engine.HandleDeadline(Now);
            _isDue = false;
        }

        foreach (var link in _links)
        {
            while (link.ToClient.TryReceive(Now, out var datagram, out _))
            {
                link.Browser.Handle(datagram, Now);
            }

            if (link.Browser.NextDeadline <= Now)
            {
                link.Browser.HandleDeadline(Now);
            }
        }

        Now += TimeSpan.FromMilliseconds(1);
    }

    private void Send(ReadOnlySpan<byte> datagram, in RtcAddress to)
    {
        if (IsDiscarding)
        {
            Discarded++;
            return;
        }

        foreach (var link in _links)
        {
            if (link.Address == to)
            {
                link.ToClient.Send(datagram, to, Now);
                return;
            }
        }

        SentNowhere++;
    }

    private sealed class FaultLog : ILogger
    {
        public List<string> Errors { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Errors.Add($"{formatter(state, exception)} {exception}");
    }

    private sealed class Link(BrowserTransport browser, RtcAddress address, int seed, NetworkConditions conditions)
    {
        public BrowserTransport Browser { get; } = browser;

        public RtcAddress Address { get; set; } = address;

        public NetworkEmulator<RtcAddress> ToServer { get; } = new(2 * seed, conditions);

        public NetworkEmulator<RtcAddress> ToClient { get; } = new((2 * seed) + 1, conditions);

        public List<byte[]>? Tap { get; set; }
    }

    private sealed class VirtualSink(VirtualMedia media) : IDatagramSink
    {
        private readonly byte[] _room = new byte[RtcWorker.MaxDatagramLength];

        public Span<byte> Reserve(int maxLength)
        {
            if (media.FailsFor is { } faulty && media._handlingFrom == faulty)
            {
                media.FailsFor = null;
                throw new InvalidOperationException("This is not supposed to happen.");
            }

            if (media is { FailsForRequest: true, _isRequested: true } or { FailsForDeadline: true, _isDue: true })
            {
                media.FailsForRequest = media.FailsForDeadline = false;
                throw new InvalidOperationException("This is not supposed to happen.");
            }

            ArgumentOutOfRangeException.ThrowIfGreaterThan(maxLength, _room.Length); // As the sockets' sink has it.
            return _room.AsSpan(0, maxLength);
        }

        public void Commit(int length, in RtcAddress to) => media.Send(_room.AsSpan(0, length), to);
    }
}
