using Roomcast.Client.Media;
using Roomcast.Client.Wire;
using Roomcast.Media;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Media;

/// <summary>Sound and pictures of one source keep together, whenever each is switched on; the clock moves only when told.</summary>
public sealed class TimelineTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualClock _clock = new();
    private readonly EventQueue _events = new(null, _ => { }, _ => { });
    private readonly MeetingLink _link;
    private readonly List<LocalTrack> _tracks = [];

    public TimelineTests() => _link = new MeetingLink(
        new RealtimeKitOptions { AuthToken = "", BaseUri = new Uri("http://localhost"), Time = _clock }, "meeting", _events);

    public async ValueTask DisposeAsync()
    {
        foreach (var track in _tracks)
        {
            await track.DisposeAsync();
        }

        _events.Complete();
    }

    [Fact]
    public async Task One_that_is_slow_to_begin_does_not_come_later_than_the_other()
    {
        var (sound, pictures) = Pair();
        pictures.Hold();
        Start(sound, pictures);
        await PassAsync(0.5, sound);

        pictures.Release();
        await PassAsync(1, sound, pictures);
    }

    [Fact]
    public async Task One_that_is_switched_on_later_goes_on_where_the_other_is_and_begins_with_a_keyframe()
    {
        var (sound, pictures) = Pair();
        Start(sound);
        await PassAsync(5, sound);

        Start(pictures);

        await UntilAsync(() => pictures.IsAskedForKeyframe, "a keyframe is asked for");
        await PassAsync(2, sound, pictures);
    }

    [Fact]
    public async Task While_none_is_sent_time_stands_still_and_who_was_off_before_is_where_the_others_are()
    {
        var (sound, pictures) = Pair();
        var (soundTrack, picturesTrack) = (Start(sound), Start(pictures));
        await PassAsync(2, sound, pictures);
        await soundTrack.StopAsync();
        await PassAsync(3, pictures);
        await picturesTrack.StopAsync();
        _clock.Advance(TimeSpan.FromMinutes(10));
        var reached = pictures.Position;
        Assert.True(sound.Position < TimeSpan.FromSeconds(3));

        soundTrack.Start(() => { });
        await UntilAsync(() => sound.Position >= reached, "sound goes on where the pictures were");
        picturesTrack.Start(() => { });
        await PassAsync(1, sound, pictures);

        Assert.InRange(pictures.Position - reached, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1.2));
    }

    [Fact]
    public async Task A_machine_that_was_busy_goes_on_with_both_from_there()
    {
        var (sound, pictures) = Pair();
        Start(sound, pictures);
        await PassAsync(1, sound, pictures);
        pictures.Hold();
        sound.Hold();
        _clock.Advance(TimeSpan.FromSeconds(3));
        _clock.Advance(TimeSpan.FromSeconds(3));

        pictures.Release();
        sound.Release();

        await UntilAsync(() => sound.Position > TimeSpan.FromSeconds(1) && pictures.Position > TimeSpan.FromSeconds(1), "both go on");
        for (var second = 0; second < 2; second++)
        {
            await StepAsync(sound, pictures);
        }

        Assert.InRange(sound.Position, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        Assert.InRange((sound.Position - pictures.Position).Duration(), TimeSpan.Zero, 3 * Step);
    }

    [Fact]
    public void Sources_that_are_late_at_the_same_moment_put_time_off_once()
    {
        var timeline = new MediaTimeline();
        timeline.Enter();
        timeline.Enter();
        timeline.UntilDue(TimeSpan.Zero, _clock);
        _clock.Advance(TimeSpan.FromSeconds(6));

        Parallel.For(0, 2, _ => timeline.PutOff(Step, TimeSpan.FromSeconds(1), _clock));

        Assert.InRange(timeline.UntilDue(Step, _clock), TimeSpan.FromMicroseconds(-2), TimeSpan.FromMicroseconds(2));
    }

    [Fact]
    public async Task Sources_that_stand_for_themselves_begin_each_at_their_beginning()
    {
        var sound = new Numbered(TrackKind.Audio, null);
        var pictures = new Numbered(TrackKind.Video, null);
        Start(sound);
        await PassAsync(5, sound);

        Start(pictures);
        await UntilAsync(() => pictures.Position > TimeSpan.Zero, "pictures begin");

        Assert.InRange(pictures.Position, Step, 2 * Step);
    }

    [Fact]
    public async Task A_source_that_answers_to_being_stopped_with_its_end_has_not_ended()
    {
        var sound = new Numbered(TrackKind.Audio, null) { EndsWhenStopped = true };
        var ended = 0;
        var track = new LocalTrack(TrackKind.Audio, isScreenShare: false, sound, _link);
        _tracks.Add(track);
        track.Start(() => ended++);
        await PassAsync(0.2, sound);
        sound.Hold();
        await UntilAsync(() => { _clock.Advance(Step); return sound.IsHeld; }, "it waits for the source");

        await track.StopAsync();

        Assert.Equal(0, ended);
    }

    private static (Numbered Sound, Numbered Pictures) Pair()
    {
        var timeline = new MediaTimeline();
        return (new Numbered(TrackKind.Audio, timeline), new Numbered(TrackKind.Video, timeline));
    }

    private static async Task UntilAsync(Func<bool> isSo, string what)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !isSo(); await Task.Delay(1))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"It did not come to be that {what}.");
        }
    }

    private void Start(params Numbered[] sources)
    {
        foreach (var source in sources)
        {
            Start(source);
        }
    }

    private LocalTrack Start(Numbered source)
    {
        var track = new LocalTrack(source.Kind, isScreenShare: false, source, _link);
        _tracks.Add(track);
        track.Start(() => { });
        return track;
    }

    /// <summary>Lets time pass. All sources are to get as far as the time has, together, and no farther.</summary>
    private async Task PassAsync(double seconds, params Numbered[] sources)
    {
        for (var step = 0; step < seconds / Step.TotalSeconds; step++)
        {
            await StepAsync(sources);
        }

        var last = sources.Max(source => source.Position);
        await UntilAsync(() => sources.All(source => source.Position >= last - Step), "all sources are as far as the first");
        Assert.All(sources, source => Assert.InRange(source.Position, last - Step, last + Step));
    }

    private async Task StepAsync(params Numbered[] sources)
    {
        // A source that has taken a frame and does not yet wait for its moment would wait from the later one.
        await UntilAsync(() => _clock.Waiting >= sources.Length, "all sources wait for time to pass");
        var (first, all) = (sources.Max(source => source.Position), sources.Sum(source => source.Position.Ticks));
        _clock.Advance(Step);
        await UntilAsync(
            () => sources.Sum(source => source.Position.Ticks) > all && sources.All(source => source.Position >= first - Step), "all sources go on together");
    }

    /// <summary>Frames of 20 ms that tell how far they were taken; each tenth is a keyframe.</summary>
    private sealed class Numbered(TrackKind kind, MediaTimeline? timeline) : IVideoSource, IAudioSource
    {
        private TaskCompletionSource? _held;
        private long _next;

        public TrackKind Kind => kind;

        public MediaTimeline? Timeline => timeline;

        public bool EndsWhenStopped { get; init; }

        public bool IsAskedForKeyframe { get; private set; }

        public bool IsHeld { get; private set; }

        public TimeSpan Position => Step * Interlocked.Read(ref _next);

        public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => Interlocked.Exchange(ref _held, null)?.SetResult();

        public async ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken)
        {
            IsAskedForKeyframe |= isKeyframeWanted;
            if (_held is { } held)
            {
                IsHeld = true;
                await held.Task.WaitAsync(cancellationToken).ConfigureAwait(EndsWhenStopped ? ConfigureAwaitOptions.SuppressThrowing : ConfigureAwaitOptions.None);
                if (cancellationToken.IsCancellationRequested)
                {
                    return null;
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            var number = Interlocked.Increment(ref _next) - 1;
            return new EncodedFrame { Kind = kind, Time = Step * number, Data = ReadOnlyMemory<byte>.Empty, IsKeyframe = kind is TrackKind.Audio || number % 10 == 0 };
        }
    }
}
