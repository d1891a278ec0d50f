using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Meetings;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.RealtimeKit.Socket.Connection;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Routes;
using Roomcast.RealtimeKit.Socket.Wire;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.Transports.Rtc;

namespace Roomcast.Fuzz;

/// <summary>
/// A session under way in this process, with its storage and its media room: one peer that may do everything, who sends what is fuzzed,
/// and one who must not suffer from it. What the server logs as an error is a fault.
/// </summary>
/// <remarks>
/// An input is a row of requests: a byte that chooses the event, two with the length of the payload, and the payload. Ids that are not
/// known beforehand stand in it as names of the same length (<see cref="Names"/>), so that inputs which are kept mean the same later.
/// </remarks>
internal sealed class LiveSession : IAsyncDisposable
{
    public const string ActorPeer = "00000000-0000-4000-8000-000000000001";
    public const string OtherPeer = "00000000-0000-4000-8000-000000000002";

    private const int MaxRequests = 12;

    // After so many inputs the peers begin anew, in another meeting: chat, stores and polls would be full for good.
    private const int InputsPerMeeting = 300;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly FaultLog _faults = new();
    private readonly ManualClock _clock = new();
    private readonly ServiceProvider _services;
    private readonly RtcSockets _sockets;
    private readonly Dictionary<string, string> _names = [];
    private App _app = null!;
    private Meeting _meeting = null!;
    private LivePeer? _actor;
    private LivePeer? _other;
    private int _inputs;

    private LiveSession()
    {
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_clock);
        services.AddLogging(logging => logging.AddProvider(_faults));
        services.Configure<StorageOptions>(storage => storage.DataFolder = _folder.PathOf("data"));
        services.Configure<RtcHostOptions>(rtc => rtc.Threads = 1);
        services.AddStorage();
        services.AddAccounts();
        services.AddMeetings();
        services.AddMeetingMedia();
        services.AddMeetingSessions();
        services.AddSingleton<SocketMetrics>();
        _services = services.BuildServiceProvider();
        _sockets = RtcSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), new RtcHostOptions { Threads = 1 });
    }

    /// <summary>What stands for an id that differs from run to run; each as long as the id.</summary>
    public static class Names
    {
        public const string Meeting = "-the-meeting------------------------";
        public const string Actor = "-the-participant-who-sends----------";
        public const string Other = "-the-participant-who-suffers--------";
        public const string Sending = "-the-transport-that-sends-----------";
        public const string Receiving = "-the-transport-that-receives--------";
        public const string Producer = "-what-the-other-sends---------------";
        public const string Message = "-the-last-message-------------------";
        public const string Poll = "-the-last-poll----------------------";
    }

    /// <summary>The events that an input can choose from.</summary>
    public static IReadOnlyList<SocketEvent> Events { get; } = [.. SocketRoutes.Table.Keys.Order()];

    public static async Task<LiveSession> StartAsync()
    {
        var live = new LiveSession();
        await live._services.GetRequiredService<Database>().OpenAsync(CancellationToken.None);
        await live._services.GetRequiredService<MeetingSessions>().StartAsync(CancellationToken.None);
        live._services.GetRequiredService<RtcHost>().Start(live._sockets, IPAddress.Loopback);
        var account = await live._services.GetRequiredService<AccountStore>().CreateAsync("An account", CancellationToken.None);
        live._app = await live._services.GetRequiredService<AppStore>().CreateAsync(account.Id, "An app", CancellationToken.None);
        return live;
    }

    /// <summary>One request of an input.</summary>
    public static byte[] Request(SocketEvent number, IMessage? payload)
    {
        var body = payload?.ToByteArray() ?? [];
        var request = new byte[3 + body.Length];
        request[0] = (byte)Events.ToList().IndexOf(number);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(1), (ushort)body.Length);
        body.CopyTo(request, 3);
        return request;
    }

    /// <summary>Sends the requests of an input, and finds that the session goes on.</summary>
    public async Task TakeAsync(byte[] input)
    {
        if (_inputs++ % InputsPerMeeting == 0)
        {
            await BeginAsync();
        }

        await EnterAsync();
        var actor = _actor!;
        foreach (var (number, payload) in Requests(input))
        {
            actor.Send(number, payload);
        }

        // Whatever became of the sender, the other one is answered; and so is the sender, unless it had itself removed.
        await _other!.SettleAsync();
        await actor.SettleAsync();
        Assert.NotEqual(WebSocketCloseStatus.InternalServerError, actor.Socket.ClosedByServer);
        Assert.NotEqual(WebSocketCloseStatus.InternalServerError, _other.Socket.ClosedByServer);
        Assert.True(_faults.All.IsEmpty, string.Join('\n', _faults.All));

        // Time for pauses between acts to be over.
        _clock.Advance(TimeSpan.FromSeconds(2));
    }

    public async ValueTask DisposeAsync()
    {
        await _services.GetRequiredService<MeetingSessions>().StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        _sockets.Dispose();
        _folder.Dispose();
    }

    private async Task BeginAsync()
    {
        _actor?.Socket.PutClose();
        _other?.Socket.PutClose();
        _meeting = await _services.GetRequiredService<MeetingStore>().CreateAsync(_app.Id, "Weekly", new MeetingSettings(), CancellationToken.None);
        _actor = await ConnectAsync("Actor", ActorPeer);
        _other = await ConnectAsync("Other", OtherPeer);
        _names[Names.Meeting] = _meeting.Id.ToString();
        _names[Names.Actor] = _actor.UserId;
        _names[Names.Other] = _other.UserId;
    }

    /// <summary>Lets both be there, with their transports, whatever the last input did to them.</summary>
    private async Task EnterAsync()
    {
        if (_actor!.HasEnded)
        {
            _actor = await ConnectAsync("Actor", ActorPeer);
        }

        if (_other!.HasEnded)
        {
            _other = await ConnectAsync("Other", OtherPeer);
        }

        foreach (var peer in new[] { _other, _actor })
        {
            if (await peer.TryAskAsync(SocketEvent.JoinRoom, new JoinRoomRequest { Peer = new Peer { PeerId = peer.Id, DisplayName = "Name" } }) is null
                || await peer.TryAskAsync(SocketEvent.JoinMedia, new PeerJoinRequest()) is null)
            {
                return;
            }

            foreach (var isConsuming in new[] { false, true })
            {
                var made = await peer.TryAskAsync(SocketEvent.CreateTransport, new CreateTransportRequest
                {
                    Consuming = isConsuming,
                    Description = new SessionDescription { Type = "offer", Sdp = LiveOffers.First },
                });
                if (made is not null && peer == _actor)
                {
                    _names[isConsuming ? Names.Receiving : Names.Sending] = CreateTransportResponse.Parser.ParseFrom(made.Payload).TransportId;
                }
                else if (made is not null && !isConsuming)
                {
                    var produced = await peer.TryAskAsync(SocketEvent.Produce, LiveOffers.Produce(CreateTransportResponse.Parser.ParseFrom(made.Payload).TransportId));
                    if (produced is not null)
                    {
                        _names[Names.Producer] = ProducerCreateResponse.Parser.ParseFrom(produced.Payload).ProducerId;
                    }
                }
            }

            await peer.TryAskAsync(SocketEvent.CompleteMedia, new PeerJoinCompleteRequest());
        }

        if (_actor.LastMessageId is { } message)
        {
            _names[Names.Message] = message;
        }

        if (_actor.LastPollId is { } poll)
        {
            _names[Names.Poll] = poll;
        }
    }

    private async Task<LivePeer> ConnectAsync(string name, string peerId)
    {
        var presets = _services.GetRequiredService<PresetStore>();
        var preset = (await presets.FindByNameAsync(_app.Id, "group_call_host", CancellationToken.None))!;
        if (preset.Permissions is { StageEnabled: false })
        {
            using var document = JsonDocument.Parse("""{"permissions":{"stage_enabled":true}}""");
            preset = (await presets.UpdateAsync(
                _app.Id, preset.Id, null, content => PresetJson.ReadPatch(document.RootElement, content, []), CancellationToken.None)).Preset!;
        }

        var participant = (await _services.GetRequiredService<ParticipantStore>().AddAsync(
            _app.Id, _meeting.Id, name, preset.Id, name, null, CancellationToken.None))!;
        var connection = new SocketConnection(
            new SocketOptions { PeerSilence = TimeSpan.FromDays(100) }, _clock, _services.GetRequiredService<ILogger<LiveSession>>(),
            _services.GetRequiredService<SocketMetrics>());
        var (session, peer) = await _services.GetRequiredService<MeetingSessions>().ConnectAsync(
            _meeting, participant, preset, peerId, connection, CancellationToken.None);
        var socket = new PipeSocket();
        return new LivePeer(peerId, participant.Id.ToString(), socket, connection.RunAsync(socket, session, peer));
    }

    private IEnumerable<(SocketEvent Number, byte[] Payload)> Requests(byte[] input)
    {
        for (var (at, count) = (0, 0); at + 3 <= input.Length && count < MaxRequests; count++)
        {
            var number = Events[input[at] % Events.Count];
            var length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(input.AsSpan(at + 1)), input.Length - at - 3);
            yield return (number, WithIds(input.AsSpan(at + 3, length)));
            at += 3 + length;
        }
    }

    private byte[] WithIds(ReadOnlySpan<byte> payload)
    {
        var copy = payload.ToArray();
        foreach (var (name, id) in _names)
        {
            for (int at, from = 0; name.Length == id.Length && (at = copy.AsSpan(from).IndexOf(Encoding.ASCII.GetBytes(name))) >= 0; from += at + name.Length)
            {
                Encoding.ASCII.GetBytes(id).CopyTo(copy, from + at);
            }
        }

        return copy;
    }

    /// <summary>One of the two, with its end of the socket.</summary>
    private sealed class LivePeer(string id, string userId, PipeSocket socket, Task running)
    {
        private int _asked;

        public string Id => id;

        public string UserId => userId;

        public PipeSocket Socket => socket;

        public string? LastMessageId { get; private set; }

        public string? LastPollId { get; private set; }

        /// <summary>Whether its connection is over, or about to be.</summary>
        public bool HasEnded => running.IsCompleted || socket.State is not WebSocketState.Open;

        public void Send(SocketEvent number, byte[] payload) => socket.Put(
            new SocketMessage { Event = (uint)number, Id = "fuzzed", Payload = ByteString.CopyFrom(payload) }.ToByteArray());

        /// <summary>Asks something; null when it is refused, or the connection ends.</summary>
        public async Task<SocketMessage?> TryAskAsync(SocketEvent number, IMessage? request)
        {
            var asked = $"{id}-{++_asked}";
            socket.Put(SocketEnvelope.Write(number, asked, request));
            using var patience = new CancellationTokenSource(Patience);
            while (await socket.Heard.WaitToReadAsync(patience.Token))
            {
                while (socket.Heard.TryRead(out var frame))
                {
                    Assert.True(SocketEnvelope.TryRead(frame, out var heard));
                    Assert.True(heard.HasPayload);
                    Note(heard);
                    if (heard.Id == asked)
                    {
                        return (SocketEvent)heard.Event is SocketEvent.Error ? null : heard;
                    }
                }
            }

            await running.WaitAsync(Patience);
            return null;
        }

        public Task<SocketMessage?> SettleAsync() => TryAskAsync(SocketEvent.GetRoom, null);

        private void Note(SocketMessage heard)
        {
            switch ((SocketEvent)heard.Event)
            {
                case SocketEvent.SendMessage:
                    LastMessageId = SendChatMessageToRoomResponse.Parser.ParseFrom(heard.Payload).Message.ChatId;
                    break;
                case SocketEvent.CreatePoll:
                    LastPollId = UpdatePollResponse.Parser.ParseFrom(heard.Payload).Poll.PollId;
                    break;
            }
        }
    }

    /// <summary>Keeps what is logged as an error.</summary>
    private sealed class FaultLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> All { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                All.Enqueue($"{formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
        }
    }
}
