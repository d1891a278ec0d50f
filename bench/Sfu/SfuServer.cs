using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Meetings.Media;
using Roomcast.Transports.Rtc;

namespace Roomcast.Bench.Sfu;

/// <summary>The measured process: the WebRTC port with one worker, and the rooms on it. Asked by lines on its standard input.</summary>
internal sealed class SfuServer(MediaRooms rooms)
{
    private readonly ConcurrentDictionary<string, MediaRoom> _rooms = new();
    private readonly ConcurrentDictionary<(string Room, string Peer), byte> _peers = new();
    private readonly Lock _output = new();
    private long _sent;
    private long _calls;
    private long _received;
    private long _dropped;

    public static async Task<int> RunAsync(UdpForm form)
    {
        await using var services = new ServiceCollection()
            .AddLogging(static logging => logging
                .SetMinimumLevel(LogLevel.Warning)
                .AddConsole(static console => console.LogToStandardErrorThreshold = LogLevel.Trace))
            .AddMeetingMedia()
            .Configure<RtcHostOptions>(options =>
            {
                options.Udp = form;
                options.Threads = 1;
                options.ChecksPerAddress = 100_000; // All peers are of one address here.
                options.ChecksPerWorker = 100_000;
            })
            .BuildServiceProvider();
        var host = services.GetRequiredService<RtcHost>();
        var server = new SfuServer(services.GetRequiredService<MediaRooms>());
        using var listener = server.ListenToMeters();
        host.Start(RtcSockets.Bind(new IPEndPoint(IPAddress.Loopback, 0), new RtcHostOptions { Threads = 1, Udp = form }), publicAddress: null);
        while (await Console.In.ReadLineAsync() is { } line)
        {
            _ = server.AnswerAsync(JsonSerializer.Deserialize<Signal>(line)!, listener);
        }

        return 0;
    }

    private async Task AnswerAsync(Signal signal, MeterListener meters)
    {
        SignalAnswer answer;
        try
        {
            answer = await DoAsync(signal, meters) with { Id = signal.Id };
        }
        catch (Exception fault)
        {
            answer = new SignalAnswer(signal.Id, Fault: fault.Message);
        }

        var line = JsonSerializer.Serialize(answer);
        lock (_output)
        {
            Console.Out.WriteLine(line);
        }
    }

    private async Task<SignalAnswer> DoAsync(Signal signal, MeterListener meters)
    {
        switch (signal.Act)
        {
            case "join":
                var joined = _rooms.GetOrAdd(signal.Room, rooms.Open);
                if (_peers.TryAdd((signal.Room, signal.Peer), 0))
                {
                    await joined.JoinAsync(signal.Peer); // Joining again would end what the peer sends.
                }

                return new SignalAnswer(0);

            case "transport":
                var created = await _rooms[signal.Room].CreateTransportAsync(
                    signal.Peer, signal.IsSending ? TransportDirection.FromPeer : TransportDirection.ToPeer, signal.Sdp);
                return new SignalAnswer(0, created.AnswerSdp, created.TransportId);

            case "produce":
                var produced = await _rooms[signal.Room].ProduceAsync(
                    signal.Peer, new ProduceRequest(MediaKind.Video, false, false, "", "0", "video/VP8", signal.Sdp, null, signal.Transport));
                return new SignalAnswer(0, produced.AnswerSdp, produced.Producer.Id);

            case "consume":
                var consumed = await _rooms[signal.Room].ConsumeAsync(signal.Peer, signal.Transport, [new ConsumeRequest(signal.Producer)]);
                return new SignalAnswer(0, consumed.OfferSdp ?? "");

            case "complete":
                await _rooms[signal.Room].CompleteConsumeAsync(signal.Peer, signal.Transport, signal.Sdp);
                return new SignalAnswer(0);

            case "collect":
                GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                return new SignalAnswer(0);

            default:
                lock (_output)
                {
                    (_sent, _calls, _received, _dropped) = (0, 0, 0, 0);
                    meters.RecordObservableInstruments();
                    return new SignalAnswer(
                        0, Sent: _sent, Calls: _calls, Received: _received, Dropped: _dropped, Allocated: GC.GetTotalAllocatedBytes());
                }
        }
    }

    private MeterListener ListenToMeters()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, self) =>
            {
                if (instrument.Name.StartsWith("roomcast.transports.rtc.", StringComparison.Ordinal))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            switch (instrument.Name)
            {
                case "roomcast.transports.rtc.datagrams.sent":
                    _sent += value;
                    break;
                case "roomcast.transports.rtc.send_calls":
                    _calls += value;
                    break;
                case "roomcast.transports.rtc.datagrams.received":
                    _received += value;
                    break;
                case "roomcast.transports.rtc.datagrams.dropped":
                    _dropped += value;
                    break;
            }
        });
        listener.Start();
        return listener;
    }
}
