using System.Buffers;
using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Layouts;
using Roomcast.Feeds;
using Roomcast.Media;
using Roomcast.Media.Containers.Flv;
using Roomcast.Rtc.Rtcp;
using Roomcast.TestKit.Rtc;
using Roomcast.TestKit.Video;

namespace Roomcast.Bench.Compose;

/// <summary>What the worker made, and how long it took from packet to frame.</summary>
/// <param name="PicturesPerSecond">Composed pictures by their own times and their arrivals.</param>
/// <param name="BitrateBps">Of the pictures.</param>
/// <param name="Latencies">
/// From the last packet of a participant's picture to the first composed frame that shows it, ascending; of those that are shown.
/// </param>
internal sealed record OurFigures(double PicturesPerSecond, double BitrateBps, IReadOnlyList<TimeSpan> Latencies);

/// <summary>The worker as a server runs it: its own process, fed in real time with the RTP packets of those in the meeting.</summary>
internal sealed class OurSide : ICompositionSource, ICompositionReturn
{
    private const uint FirstMicrophone = 1_000;

    private static readonly TimeSpan PictureTime = TimeSpan.FromTicks(TimeSpan.TicksPerSecond / 30);
    private static readonly TimeSpan SoundTime = TimeSpan.FromMilliseconds(20);

    private readonly long _began = TimeProvider.System.GetTimestamp();
    private readonly CancellationTokenSource _ending = new();
    private readonly Sender[] _senders;
    private readonly string _folder;

    // The number of each picture of the first participant, and when it was handed over, whole.
    private readonly List<(int Counter, TimeSpan At)> _sent = new(1 << 16);
    private readonly List<TimeSpan> _arrivedAt = new(1 << 16);
    private readonly List<int> _lengths = new(1 << 16);
    private readonly ArrayBufferWriter<byte> _composed = new(1 << 24);
    private readonly ServiceProvider _services;
    private readonly Scene _scene;
    private ICompositionLease? _lease;
    private FeedSubscription? _feed;
    private Task _sending = Task.CompletedTask;
    private Task _reading = Task.CompletedTask;

    private OurSide(string folder, int participants, string preset)
    {
        _folder = folder;
        _scene = SceneOf(participants);
        _senders = [.. Enumerable.Range(0, participants).Select(index => new Sender(folder, index, PictureTime / participants * index))];
        _services = new ServiceCollection()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<ICompositionSource>(this)
            .Configure<CompositionOptions>(options => options.Preset = preset)
            .AddLogging()
            .AddCompositions()
            .BuildServiceProvider();
    }

    private TimeSpan Now => TimeProvider.System.GetElapsedTime(_began);

    public static Scene SceneOf(int participants) => new()
    {
        Layout = SceneLayout.Grid,
        SpeakerId = "p0",
        Peers =
        [
            .. Enumerable.Range(0, participants).Select(static index => new ScenePeer($"p{index}", $"Participant {index + 1}")
            {
                Camera = new SceneTrack((uint)index, SceneCodec.Vp8, 96),
                Microphone = new SceneTrack(FirstMicrophone + (uint)index, SceneCodec.Opus, 111),
            }),
        ],
    };

    /// <summary>Starts the worker and sends to it.</summary>
    public static async Task<OurSide> StartAsync(string folder, int participants, string preset)
    {
        var side = new OurSide(folder, participants, preset);
        side._lease = await side._services.GetRequiredService<ICompositions>().AcquireAsync(Guid.NewGuid(), new CompositionFormat(), CancellationToken.None);
        side._feed = side._lease.Feed.TrySubscribe() ?? throw new InvalidOperationException("The composition has ended.");
        side._reading = side.ReadAsync(side._feed);
        return side;
    }

    ValueTask<ICompositionReturn?> ICompositionSource.ConnectAsync(Guid sessionId, ICompositionInput input, CancellationToken cancellationToken)
    {
        input.SetScene(_scene);
        _sending = Task.Run(() => SendAsync(input), CancellationToken.None);
        return new(this);
    }

    void ICompositionReturn.WantKeyframe(uint ssrc)
    {
        _senders[(int)ssrc].WantKeyframe();
    }

    void ICompositionReturn.PreferHeight(uint ssrc, int height)
    {
        // There is one size.
    }

    ValueTask IAsyncDisposable.DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Ends the worker, and reads what it made.</summary>
    /// <param name="from">How long after the start the measured part begins.</param>
    public async Task<OurFigures> EndAsync(TimeSpan from)
    {
        await _ending.CancelAsync();
        await _sending;
        await _lease!.DisposeAsync();
        _feed!.Dispose();
        await _reading;
        await _services.DisposeAsync();
        var file = Path.Combine(_folder, "composed.flv");
        await File.WriteAllBytesAsync(file, _composed.WrittenMemory);
        var area = SceneArrangement.Arrange(_scene, 1_280, 720, ImmutableArray<SceneTile>.Empty)[0].Area;
        var reading = await PictureClockReader.ReadAsync(
            file, withSound: false, crop: FormattableString.Invariant($"{area.Width}:{area.Height}:{area.Left}:{area.Top}"));
        var first = _arrivedAt.FindIndex(at => at >= from);
        var latencies = new List<TimeSpan>();
        uint? last = null;
        for (var at = 0; at < Math.Min(reading.Pictures.Count, _arrivedAt.Count); at++)
        {
            if (reading.Pictures[at].Stamp is { } stamp && stamp.Counter != last)
            {
                last = stamp.Counter;
                if (at >= first)
                {
                    latencies.Add(_arrivedAt[at] - SentBefore(stamp.Counter, _arrivedAt[at]));
                }
            }
        }

        var seconds = (_arrivedAt[^1] - _arrivedAt[first]).TotalSeconds;
        return new OurFigures(
            (_arrivedAt.Count - 1 - first) / seconds, _lengths.Skip(first + 1).Sum(static length => (long)length) * 8 / seconds, [.. latencies.Order()]);
    }

    /// <summary>When the picture of a counter was handed over last before a moment: the media repeat.</summary>
    private TimeSpan SentBefore(uint counter, TimeSpan moment) => _sent.FindLast(sent => sent.Counter == counter && sent.At <= moment) is { At.Ticks: > 0 } sent
        ? sent.At
        : throw new InvalidOperationException("A picture was shown before it was sent.");

    private async Task SendAsync(ICompositionInput input)
    {
        var began = Now;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        try
        {
            while (true)
            {
                foreach (var sender in _senders)
                {
                    sender.SendDue(Now - began, input, sender == _senders[0] ? counter => _sent.Add((counter, Now)) : null);
                }

                await timer.WaitForNextTickAsync(_ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    private async Task ReadAsync(FeedSubscription feed)
    {
        FlvFile.WriteHeader(_composed, hasAudio: false, hasVideo: true);
        while (await feed.WaitToReadAsync())
        {
            while (feed.TryRead(out var item))
            {
                foreach (var track in item.Tracks?.Where(static track => track.Kind is TrackKind.Video) ?? [])
                {
                    FlvFile.WriteTag(_composed, FlvTagType.Video, 0, [0x17, 0, 0, 0, 0], track.Configuration.Span);
                }

                if (item.Frame is { TrackId: CompositionFormat.VideoTrackId } frame)
                {
                    _arrivedAt.Add(Now);
                    _lengths.Add(frame.Length);
                    FlvFile.WriteTag(
                        _composed, FlvTagType.Video, (uint)frame.DecodeTime.SinceStart.TotalMilliseconds, [frame.IsKeyframe ? (byte)0x17 : (byte)0x27, 1, 0, 0, 0], frame.Payload.Span);
                }

                item.Frame?.Release();
                if (item.Kind is FeedItemKind.Ended)
                {
                    return;
                }
            }
        }
    }

    /// <summary>One in the meeting, whose pictures and sounds go out at their times and repeat.</summary>
    private sealed class Sender(string folder, int index, TimeSpan offset)
    {
        private readonly RtpPacketizer _camera = new((uint)index, 96, 90_000);
        private readonly RtpPacketizer _microphone = new(FirstMicrophone + (uint)index, 111, 48_000);
        private readonly List<byte[]> _pictures = Participants.ReadIvf(Participants.Ivf(folder, index));
        private readonly List<byte[]> _sounds = Participants.ReadOgg(Participants.Ogg(folder, index));
        private int _picture;
        private int _next;
        private int _sound;
        private int _reports;
        private volatile bool _isKeyframeWanted;

        /// <summary>Lets the pictures begin anew, as the first one is the keyframe there is.</summary>
        public void WantKeyframe() => _isKeyframeWanted = true;

        /// <summary>Sends what is due.</summary>
        /// <param name="now">Since sending began.</param>
        /// <param name="input">Where to.</param>
        /// <param name="onPicture">Told the number of each picture after it; null for nobody.</param>
        public void SendDue(TimeSpan now, ICompositionInput input, Action<int>? onPicture)
        {
            for (; now >= (_picture * PictureTime) + offset; _picture++)
            {
                if (_isKeyframeWanted)
                {
                    (_isKeyframeWanted, _next) = (false, 0);
                }

                foreach (var packet in _camera.Vp8(_pictures[_next], (_picture * PictureTime) + offset))
                {
                    input.TakePacket(packet, isRtcp: false);
                }

                onPicture?.Invoke(_next);
                _next = (_next + 1) % _pictures.Count;
            }

            for (; now >= (_sound * SoundTime) + offset; _sound++)
            {
                input.TakePacket(_microphone.Opus(_sounds[_sound % _sounds.Count], (_sound * SoundTime) + offset), isRtcp: false);
            }

            for (; now >= _reports * TimeSpan.FromSeconds(1); _reports++)
            {
                var ntp = new NtpTime((3_900_000_000ul << 32) + (ulong)(((UInt128)(ulong)now.Ticks << 32) / TimeSpan.TicksPerSecond));
                input.TakePacket(_camera.Report(now, ntp), isRtcp: true);
                input.TakePacket(_microphone.Report(now, ntp), isRtcp: true);
            }
        }
    }
}
