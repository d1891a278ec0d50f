using Roomcast.Hls.Packaging;
using Roomcast.Hls.Playlists;
using Roomcast.Hls.Segmenting;
using Roomcast.Media;
using Roomcast.Media.Containers.Mp4;
using Roomcast.TestKit.Hls;

namespace Roomcast.Hls.Tests;

/// <summary>Drives a stream and writes down all that its readers were ever shown.</summary>
internal sealed class StreamRun : IDisposable
{
    public static readonly DateTimeOffset ProgramStart = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly List<PlaylistState> _states = [];
    private readonly List<(int TrackId, int Number)> _pushed = [];
    private TimeSpan _now;

    public StreamRun(HlsOptions? options = null, ISegmentSpill? spill = null, IHlsObserver? observer = null) =>
        Stream = new HlsStream(options ?? new HlsOptions(), "tag", ProgramStart, spill, observer);

    public HlsStream Stream { get; }

    /// <summary>Every state of the first rendition, in order.</summary>
    public IReadOnlyList<PlaylistState> States => _states;

    public PlaylistState Last => _states[^1];

    /// <summary>The frames pushed, by track and number.</summary>
    public IReadOnlyList<(int TrackId, int Number)> Pushed => _pushed;

    public static StreamRun Of(SyntheticSource source, TimeSpan length, HlsOptions? options = null)
    {
        var run = new StreamRun(options);
        run.Stream.SetTracks(source.Tracks);
        run.Push(source.Frames(length));
        return run;
    }

    public void Push(IEnumerable<Frame> frames)
    {
        foreach (var frame in frames)
        {
            _now += TimeSpan.FromMilliseconds(10);
            _pushed.Add(SyntheticSource.NumberOf(frame));
            Stream.Push(frame, _now);
            frame.Release();
            Look();
        }
    }

    public void End()
    {
        Stream.End();
        Look();
    }

    public void Look()
    {
        if (Stream.Renditions is [var first, ..] && first.State is { } state && (_states.Count == 0 || state != _states[^1]))
        {
            _states.Add(state);
        }
    }

    /// <summary>Everything that was ever listed in the first rendition, finished segments only.</summary>
    public List<Segment> Segments()
    {
        var segments = new SortedDictionary<long, Segment>();
        foreach (var state in _states)
        {
            for (var i = state.ListedFrom; i < state.End; i++)
            {
                segments[state.Segments[i].Msn] = state.Segments[i];
            }
        }

        return [.. segments.Values];
    }

    public static byte[] Bytes(MediaPayload payload)
    {
        Assert.False(payload.IsSpilled);
        return [.. payload.Pieces.SelectMany(piece => piece.ToArray())];
    }

    public static IReadOnlyList<Mp4Track> Init(PlaylistState state, int number)
    {
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadInit(Bytes(state.Inits[number]), out var tracks));
        return tracks;
    }

    /// <summary>The samples of a segment, with the payloads.</summary>
    public static List<(Mp4ReadSample Sample, byte[] Payload)> Samples(IReadOnlyList<Mp4Track> tracks, byte[] bytes)
    {
        Assert.Equal(Mp4ReadStatus.Done, Mp4Reader.TryReadFragments(bytes, tracks, out var fragments));
        return [.. fragments.SelectMany(fragment => fragment.Samples)
            .Select(sample => (sample, bytes.AsSpan(sample.Offset, sample.Length).ToArray()))];
    }

    public static double Seconds(long units) => (double)units / HlsClock.Hz;

    public void Dispose() => Stream.Dispose();
}
