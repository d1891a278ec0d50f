using System.Buffers;
using System.Net.Sockets;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Worker.Native;
using Roomcast.Egress.Worker.Playing;
using Roomcast.Egress.Worker.Tests.Media;
using Roomcast.Rtc.Rtcp;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.TestKit;

namespace Roomcast.Egress.Worker.Tests.Playing;

/// <summary>
/// A picture that was decoded: its colour in the middle, its place on the RTP clock in seconds, whether it was a keyframe, and how many
/// seconds of sound that was no silence had come before it.
/// </summary>
internal sealed record PlayedPicture(Shot Shot, double At, bool IsKeyframe, double Heard);

/// <summary>The server's end of a player's socket: says what to play, and decodes what comes as a browser would.</summary>
internal sealed class PlayedSession : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder;
    private readonly NetworkStream _stream;
    private readonly Task<int> _running;
    private readonly Lock _lock = new();
    private readonly AvCodecContext _decoder = AvCodecContext.OpenDecoder("vp8", [("threads", "1")]);
    private readonly Vp8FrameAssembler _frames = new();
    private readonly OpusVoice _voice = new();
    private readonly List<PlayedPicture> _pictures = [];
    private readonly List<float> _sound = [];
    private readonly List<WirePlaying> _told = [];
    private readonly Dictionary<uint, (NtpTime Ntp, uint Timestamp)> _reports = [];
    private readonly List<(uint Ssrc, ushort Number, uint Timestamp)> _packets = [];
    private readonly Task _reading;
    private uint? _firstPicture;
    private double _heard;

    private PlayedSession(Socket listener, TemporaryFolder folder)
    {
        _folder = folder;
        _running = Task.Factory.StartNew(
            () => PlayerRun.Run(_folder.PathOf("s"), TextWriter.Null, TimeProvider.System, static _ => { }), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _stream = new NetworkStream(listener.Accept(), ownsSocket: true);
        _reading = Task.Run(ReadAsync);
    }

    public IReadOnlyList<PlayedPicture> Pictures
    {
        get
        {
            lock (_lock)
            {
                return [.. _pictures];
            }
        }
    }

    /// <summary>The left channel of all that was heard.</summary>
    public IReadOnlyList<float> Sound
    {
        get
        {
            lock (_lock)
            {
                return [.. _sound];
            }
        }
    }

    public IReadOnlyList<WirePlaying> Told
    {
        get
        {
            lock (_lock)
            {
                return [.. _told];
            }
        }
    }

    public IReadOnlyList<(uint Ssrc, ushort Number, uint Timestamp)> Packets
    {
        get
        {
            lock (_lock)
            {
                return [.. _packets];
            }
        }
    }

    /// <summary>The last sender report of a source.</summary>
    public (NtpTime Ntp, uint Timestamp) ReportOf(uint ssrc)
    {
        lock (_lock)
        {
            return _reports[ssrc];
        }
    }

    /// <summary>Starts a player that may connect to this machine.</summary>
    public static PlayedSession Start(string url, Func<WirePlay, WirePlay>? change = null)
    {
        CodecLibraries.NeedForPlaying();
        var folder = new TemporaryFolder();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(folder.PathOf("s")));
        listener.Listen(1);
        var session = new PlayedSession(listener, folder);
        var play = new WirePlay(PlaybackWire.CurrentVersion, url) { PrivateNetworks = ["127.0.0.0/8", "::1/128"] };
        session.Say(WireKind.Play, change is null ? play : change(play));
        return session;
    }

    public void Ask(PlayerAct act, double value = 0) => Say(WireKind.Command, new WireCommand(act, value));

    public async Task UntilAsync(Func<PlayedSession, bool> holds, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!holds(this))
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(began) < Patience && !(Told is [.., { HasEnded: true }] && _reading.IsCompleted && !holds(this)),
                $"{what} did not come: {Pictures.Count} pictures, {Sound.Count} samples, told {string.Join("; ", Told)}");
            await Task.Delay(10);
        }
    }

    /// <summary>Waits until it is over.</summary>
    /// <returns>Why; null when it has been played.</returns>
    public async Task<string?> EndAsync()
    {
        await UntilAsync(static each => each.Told is [.., { HasEnded: true }], "the end");
        return Told[^1].Fault;
    }

    public async ValueTask DisposeAsync()
    {
        // As a server that is gone: the player ends by itself.
        await _stream.DisposeAsync();
        await _running.WaitAsync(Patience);
        await _reading;
        _decoder.Dispose();
        _voice.Dispose();
        _folder.Dispose();
    }

    private void Say<T>(WireKind kind, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        WireJson.Write(kind, value, output);
        _stream.Write(output.WrittenSpan);
    }

    private async Task ReadAsync()
    {
        var buffer = new WireBuffer();
        try
        {
            while (await _stream.ReadAsync(buffer.Room) is var count and > 0)
            {
                buffer.Added(count);
                lock (_lock)
                {
                    while (buffer.TryRead(out var kind, out var body) is OperationStatus.Done)
                    {
                        Take(kind, body);
                    }
                }
            }
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    private void Take(WireKind kind, ReadOnlySpan<byte> body)
    {
        switch (kind)
        {
            case WireKind.Playing:
                Assert.True(WireJson.TryRead<WirePlaying>(body, out var playing));
                _told.Add(playing);
                break;
            case WireKind.Rtcp:
                var reader = new RtcpReader(body);
                while (reader.TryRead(out var report))
                {
                    Assert.True(SenderReport.TryRead(report, out var read));
                    _reports[read.Ssrc] = (read.Ntp, read.RtpTimestamp);
                }

                break;
            case WireKind.Rtp:
                Assert.True(RtpHeader.TryRead(body, out var header));
                _packets.Add((header.Ssrc, header.SequenceNumber, header.Timestamp));
                if (header.Ssrc == PlaybackWire.PictureSsrc)
                {
                    Assert.Equal(PlaybackWire.Vp8PayloadType, header.PayloadType);
                    TakePicture(header, header.PayloadOf(body));
                }
                else
                {
                    Assert.Equal((PlaybackWire.SoundSsrc, PlaybackWire.OpusPayloadType), (header.Ssrc, header.PayloadType));
                    TakeSound(header.PayloadOf(body));
                }

                break;
            default:
                Assert.Fail($"A player says {kind}.");
                break;
        }
    }

    private void TakeSound(ReadOnlySpan<byte> payload)
    {
        var samples = new float[OpusVoice.MaxSamples * 2];
        var count = _voice.Decode(payload, samples);
        Assert.Equal(960, count);
        _heard += samples.AsSpan(0, count * 2).ContainsAnyExceptInRange(-0.02f, 0.02f) ? 0.02 : 0;
        for (var i = 0; i < count; i++)
        {
            _sound.Add(samples[i * 2]);
        }
    }

    private void TakePicture(in RtpHeader header, ReadOnlySpan<byte> payload)
    {
        Assert.NotEqual(AssemblyOutcome.Malformed, _frames.Add(header, payload, TimeSpan.Zero));
        while (_frames.TryTake(out var frame, out var data))
        {
            _firstPicture ??= frame.Timestamp;
            using var packet = new AvPacket();
            using var picture = new AvFrame();
            packet.Fill(data);
            Assert.True(_decoder.Send(packet) >= 0);
            Assert.True(_decoder.Receive(picture) >= 0);
            _pictures.Add(new PlayedPicture(Shot.Of(picture), unchecked(frame.Timestamp - _firstPicture.Value) / 90_000.0, frame.IsKeyframe, _heard));
        }
    }
}
