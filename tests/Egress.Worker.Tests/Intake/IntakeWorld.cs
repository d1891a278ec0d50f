using System.Buffers.Binary;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Intake;
using Roomcast.Rtc.Rtcp;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Egress.Worker.Tests.Intake;

/// <summary>What was handed on, with the moment of the sender's clock at which it was sampled.</summary>
internal readonly record struct Given(bool IsVideo, TimeSpan Sampled, TimeSpan At, TimeSpan Tick, bool IsKeyframe, int Rotation);

/// <summary>A sound that was made up.</summary>
internal readonly record struct Concealment(TimeSpan At, TimeSpan Duration);

/// <summary>
/// One peer with a camera at 30 fps and a microphone, a network, and an intake behind it, in virtual time. The peer's clocks may
/// drift, its wall clock is its own, and reports are sent as browsers do: of pictures each second, of sound every five.
/// </summary>
internal sealed class IntakeWorld : IIntakeOutput
{
    public const uint Camera = 11;
    public const uint Microphone = 22;
    public static readonly TimeSpan FrameTime = TimeSpan.FromSeconds(1.0 / 30);
    public static readonly TimeSpan SoundTime = TimeSpan.FromMilliseconds(20);

    private readonly NetworkEmulator<bool> _pictures;
    private readonly NetworkEmulator<bool> _sounds;
    private readonly RtpPacketizer _camera = new(Camera, 96, 90_000) { OrientationId = 4 };
    private readonly RtpPacketizer _microphone = new(Microphone, 111, 48_000);
    private readonly SessionIntake _intake = new();
    private readonly bool _reportsPacketEnds;
    private long _ticks;
    private long _frames;
    private long _soundPackets;
    private TimeSpan _soundBehind;
    private TimeSpan _reportedBehind;
    private TimeSpan _stallsUntil;
    private TimeSpan _nextPictureReport = TimeSpan.FromSeconds(0.6);
    private TimeSpan _nextSoundReport = TimeSpan.FromSeconds(2.4);
    private TimeSpan _nextRelay = TimeSpan.FromSeconds(0.25);
    private readonly Dictionary<uint, (NtpTime Ntp, uint Timestamp, TimeSpan At)> _relayed = [];
    private bool _wantsKeyframe = true;

    /// <summary>Makes one.</summary>
    /// <param name="seed">Decides all that the network does.</param>
    /// <param name="pictures">What it does to pictures.</param>
    /// <param name="sounds">What it does to sound; as to pictures if not given.</param>
    /// <param name="reportsPacketEnds">Whether a packet of sound is sent when it is complete, and reported as if its first sample were of then.</param>
    public IntakeWorld(int seed, NetworkConditions? pictures = null, NetworkConditions? sounds = null, bool reportsPacketEnds = false)
    {
        _reportsPacketEnds = reportsPacketEnds;
        _pictures = new NetworkEmulator<bool>(seed, pictures ?? new NetworkConditions { Delay = TimeSpan.FromMilliseconds(30) });
        _sounds = new NetworkEmulator<bool>(seed + 1, sounds ?? pictures ?? new NetworkConditions { Delay = TimeSpan.FromMilliseconds(30) });
        SetScene(isPaused: false);
    }

    /// <summary>Time by the composition's clock.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>The sender's clock runs so much faster than ours: 0.0001 is 100 ppm.</summary>
    public double Drift { get; init; }

    /// <summary>Its wall clock against its monotonic one.</summary>
    public TimeSpan WallOffset { get; set; } = TimeSpan.FromDays(45_000);

    /// <summary>Whether it sends reports.</summary>
    public bool Reports { get; set; } = true;

    /// <summary>Whether it is asked for keyframes and makes them.</summary>
    public bool AnswersWishes { get; init; } = true;

    /// <summary>Whether it sends sound.</summary>
    public bool Speaks { get; set; } = true;

    /// <summary>Whether it sends pictures.</summary>
    public bool Films { get; set; } = true;

    /// <summary>
    /// Whether a forwarding unit takes the reports and tells them on each second as if they were of then: what it tells of a
    /// microphone is up to five seconds old.
    /// </summary>
    public bool Relays { get; init; }

    /// <summary>The camera's orientation.</summary>
    public byte Orientation { set => _camera.Orientation = value; }

    public NetworkConditions Conditions
    {
        set => (_pictures.Conditions, _sounds.Conditions) = (value, value);
    }

    public NetworkConditions SoundConditions
    {
        set => _sounds.Conditions = value;
    }

    public List<Given> Pictures { get; } = [];

    public List<Given> Sounds { get; } = [];

    public List<Concealment> Concealments { get; } = [];

    public int Misses { get; private set; }

    public SessionIntake Intake => _intake;

    private TimeSpan SenderTime => TimeSpan.FromSeconds(Now.TotalSeconds * (1 + Drift));

    public void SetScene(bool isPaused) => _intake.SetScene(new Scene
    {
        Peers =
        [
            new ScenePeer("peer", "Peer")
            {
                Camera = new SceneTrack(Camera, SceneCodec.Vp8, 96) { OrientationId = 4, IsPaused = isPaused },
                Microphone = new SceneTrack(Microphone, SceneCodec.Opus, 111) { IsPaused = isPaused, ReportsPacketEnds = _reportsPacketEnds },
            },
        ],
    });

    /// <summary>
    /// The microphone gives no samples for so long, from now on, and timestamps of sound, which count them, stand still. What is
    /// reported meanwhile goes on from the last packet, as libwebrtc does.
    /// </summary>
    public void StallMicrophone(TimeSpan by) => _stallsUntil = Now + by;

    /// <summary>The timestamps of sound step ahead, of which nothing is lost.</summary>
    public void JumpMicrophone(TimeSpan by) => _soundBehind -= by;

    /// <summary>Lets time pass, a millisecond at a time.</summary>
    public void Run(TimeSpan by)
    {
        for (var end = Now + by; Now < end; Now += TimeSpan.FromMilliseconds(1))
        {
            Send();
            Receive(_pictures);
            Receive(_sounds);
            Relay();
            if (Now >= _ticks * FrameTime)
            {
                _intake.Advance(_ticks++ * FrameTime, this);
            }
        }
    }

    public void TakeVideo(uint ssrc, ReadOnlySpan<byte> frame, bool isKeyframe, TimeSpan at, int rotationDegrees)
    {
        Assert.Equal(Camera, ssrc);
        Assert.Equal((frame[0] & 1) == 0, isKeyframe);
        Pictures.Add(new Given(true, SampledIn(frame), at, Tick, isKeyframe, rotationDegrees));
    }

    public void MissVideo(uint ssrc)
    {
        Assert.Equal(Camera, ssrc);
        Misses++;
        _wantsKeyframe |= AnswersWishes;
    }

    public void TakeAudio(uint ssrc, ReadOnlySpan<byte> packet, TimeSpan at)
    {
        Assert.Equal(Microphone, ssrc);
        Sounds.Add(new Given(false, SampledIn(packet), at, Tick, true, 0));
    }

    public void MissAudio(uint ssrc, TimeSpan at, TimeSpan duration)
    {
        Assert.Equal(Microphone, ssrc);
        Concealments.Add(new Concealment(at, duration));
    }

    private TimeSpan Tick => (_ticks - 1) * FrameTime;

    private static TimeSpan SampledIn(ReadOnlySpan<byte> frame) => TimeSpan.FromTicks(BinaryPrimitives.ReadInt64BigEndian(frame[10..]));

    private static byte[] Frame(byte first, int length, TimeSpan sampled)
    {
        var frame = new byte[length];
        frame[0] = first;
        BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(10), sampled.Ticks);
        return frame;
    }

    private void Send()
    {
        var sender = SenderTime;
        while (sender >= _frames * FrameTime)
        {
            var sampled = _frames++ * FrameTime;
            if (!Films)
            {
                continue;
            }

            var frame = Frame((byte)(_wantsKeyframe ? 0x10 : 0x11), _wantsKeyframe ? 9_000 : 2_500, sampled);
            _wantsKeyframe = false;
            _camera.Vp8(frame, sampled).ForEach(packet => _pictures.Send(packet, false, Now));
        }

        var held = _reportsPacketEnds ? SoundTime : TimeSpan.Zero;
        while (sender >= (_soundPackets * SoundTime) + held)
        {
            var sampled = _soundPackets++ * SoundTime;
            if (Now < _stallsUntil)
            {
                _soundBehind += SoundTime;
            }
            else if (Speaks)
            {
                _sounds.Send(_microphone.Opus(Frame(0xF8, 40, sampled), sampled - _soundBehind), false, Now);
                _reportedBehind = _soundBehind;
            }
        }

        if (Reports && Films && Now >= _nextPictureReport)
        {
            _nextPictureReport += TimeSpan.FromSeconds(1);
            _pictures.Send(_camera.Report(sender, Ntp(sender)), true, Now);
        }

        if (Reports && Now >= _nextSoundReport)
        {
            _nextSoundReport += TimeSpan.FromSeconds(5);
            _sounds.Send(_microphone.Report(sender - held - _reportedBehind, Ntp(sender)), true, Now);
        }
    }

    private NtpTime Ntp(TimeSpan sender) => new((ulong)(((UInt128)(ulong)(sender + WallOffset).Ticks << 32) / TimeSpan.TicksPerSecond));

    private void Receive(NetworkEmulator<bool> network)
    {
        while (network.TryReceive(Now, out var packet, out var isRtcp))
        {
            if (!isRtcp || !Relays)
            {
                _intake.Take(packet, isRtcp, Now);
                continue;
            }

            var reader = new RtcpReader(packet);
            Assert.True(reader.TryRead(out var part));
            Assert.True(SenderReport.TryRead(part, out var report));
            _relayed[report.Ssrc] = (report.Ntp, report.RtpTimestamp, Now);
        }
    }

    private void Relay()
    {
        if (Now < _nextRelay)
        {
            return;
        }

        _nextRelay += TimeSpan.FromSeconds(1);
        var buffer = new byte[100];
        foreach (var (ssrc, (ntp, timestamp, at)) in _relayed)
        {
            var elapsed = Now - at;
            var ticks = (uint)(elapsed.TotalSeconds * (ssrc == Camera ? 90_000 : 48_000));
            var writer = new RtcpWriter(buffer);
            Assert.True(SenderReport.TryWrite(ref writer, ssrc, ntp.Add(elapsed), unchecked(timestamp + ticks), 1, 1, []));
            _intake.Take(buffer.AsSpan(0, writer.Length), true, Now);
        }
    }
}
