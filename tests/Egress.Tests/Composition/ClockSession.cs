using System.Collections.Concurrent;
using Roomcast.Egress.Composition;
using Roomcast.Rtc.Rtcp;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Egress.Tests.Composition;

/// <summary>A session of one peer who shows a picture clock, in real time, to whatever composition is connected.</summary>
internal sealed class ClockSession(EncodedClock clock) : ICompositionSource, IAsyncDisposable
{
    private static readonly TimeSpan FrameTime = TimeSpan.FromSeconds(1.0 / 30);
    private static readonly TimeSpan SoundTime = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stopping = new();
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private Task _sending = Task.CompletedTask;
    private volatile ICompositionInput? _input;

    public int Connections { get; private set; }

    /// <summary>How late each picture was handed over, in order: this process shares its processors with whatever else runs.</summary>
    public ConcurrentQueue<TimeSpan> Lateness { get; } = new();

    public ValueTask<ICompositionReturn?> ConnectAsync(Guid sessionId, ICompositionInput input, CancellationToken cancellationToken)
    {
        Connections++;
        input.SetScene(new Scene
        {
            Layout = SceneLayout.Single,
            ShowsNames = false,
            Peers =
            [
                new ScenePeer("clock", "Clock")
                {
                    Camera = new SceneTrack(1, SceneCodec.Vp8, 96),
                    Microphone = new SceneTrack(2, SceneCodec.Opus, 111),
                },
            ],
        });
        _input = input;
        if (Connections == 1)
        {
            _sending = Task.Run(SendAsync, CancellationToken.None);
        }

        return new(new Way(this));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _sending;
        _stopping.Dispose();
    }

    private async Task SendAsync()
    {
        var camera = new RtpPacketizer(1, 96, 90_000);
        var microphone = new RtpPacketizer(2, 111, 48_000);
        var (pictures, sounds, reports) = (0, 0, 0);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!_stopping.IsCancellationRequested && pictures < clock.Pictures.Count)
        {
            var now = TimeProvider.System.GetElapsedTime(_began);
            for (; now >= pictures * FrameTime && pictures < clock.Pictures.Count; pictures++)
            {
                Lateness.Enqueue(TimeProvider.System.GetElapsedTime(_began) - (pictures * FrameTime));
                foreach (var packet in camera.Vp8(clock.Pictures[pictures], pictures * FrameTime))
                {
                    _input!.TakePacket(packet, isRtcp: false);
                }
            }

            for (; now >= sounds * SoundTime && sounds < clock.Sounds.Count; sounds++)
            {
                _input!.TakePacket(microphone.Opus(clock.Sounds[sounds], (sounds * SoundTime) - EncodedClock.EncoderDelay), isRtcp: false);
            }

            for (; now >= reports * TimeSpan.FromSeconds(1); reports++)
            {
                var ntp = new NtpTime((3_900_000_000ul << 32) + (ulong)(((UInt128)(ulong)now.Ticks << 32) / TimeSpan.TicksPerSecond));
                _input!.TakePacket(camera.Report(now, ntp), isRtcp: true);
                _input!.TakePacket(microphone.Report(now, ntp), isRtcp: true);
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private sealed class Way(ClockSession session) : ICompositionReturn
    {
        public void WantKeyframe(uint ssrc) => Assert.Equal(1u, ssrc); // One comes every half second.

        public void PreferHeight(uint ssrc, int height) => Assert.True(height >= 0);

        public ValueTask DisposeAsync()
        {
            _ = session;
            return ValueTask.CompletedTask;
        }
    }
}
