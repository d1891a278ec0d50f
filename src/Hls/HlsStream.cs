using Roomcast.Hls.Packaging;
using Roomcast.Hls.Playlists;
using Roomcast.Hls.Segmenting;
using Roomcast.Media;
using Roomcast.Media.Containers.Mp4;

namespace Roomcast.Hls;

/// <summary>
/// One livestream session as HLS and LL-HLS: frames in on one side, playlists, parts and segments out on the other.
/// </summary>
/// <remarks>
/// <para>
/// There is one rendition for each video track, each with the first audio track in the same fragments; without video there is
/// one for the sound. All have the same media sequence numbers.
/// </para>
/// <para>
/// One writer at a time calls <see cref="SetTracks"/>, <see cref="Push"/>, <see cref="MarkDiscontinuity"/>,
/// <see cref="Interrupt"/>, <see cref="End"/> and <see cref="Dispose"/>. Any number of readers call the rest; they take no
/// locks and never slow the writer. There is no clock in here: whoever holds requests bounds the time they are held.
/// </para>
/// </remarks>
public sealed class HlsStream : IDisposable
{
    private readonly HlsOptions _options;
    private readonly string _runTag;
    private readonly DateTimeOffset _programStart;
    private readonly ISegmentSpill? _spill;
    private readonly IHlsObserver? _observer;
    private readonly MediaBudget _budget;
    private readonly List<Channel> _channels = [];
    private readonly List<RenditionLog> _gone = [];

    private StartProbe? _probe;
    private StreamShape? _shape;
    private IReadOnlyList<Track> _tracks = [];
    private HlsRendition[] _renditions = [];
    private HlsRendition[] _listed = [];
    private int _renditionCount;
    private long _publications;
    private bool _isPlayable;
    private bool _isEnded;

    /// <summary>Makes a stream. Nothing can be fetched before the first segment is complete.</summary>
    /// <param name="options">How to cut and what to keep; they must be valid.</param>
    /// <param name="runTag">
    /// What media names begin with: 1 to 64 letters and digits, random and used for this session only, so that names cannot
    /// be guessed and caches never mix sessions up.
    /// </param>
    /// <param name="programStart">The wall clock at <see cref="Media.Time.MediaTime.Zero"/> of the frames.</param>
    /// <param name="spill">Where segments go that no longer fit in memory; without it the window gets shorter instead.</param>
    /// <param name="observer">Is told what happens, or null.</param>
    /// <exception cref="ArgumentException">The options are not valid, or the run tag is not as described.</exception>
    public HlsStream(
        HlsOptions options, string runTag, DateTimeOffset programStart, ISegmentSpill? spill = null, IHlsObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(runTag);
        if (options.Validate() is [var fault, ..])
        {
            throw new ArgumentException(fault, nameof(options));
        }

        if (runTag.Length is 0 or > 64 || !runTag.All(char.IsAsciiLetterOrDigit))
        {
            throw new ArgumentException("A run tag is 1 to 64 letters and digits.", nameof(runTag));
        }

        _options = options;
        _runTag = runTag;
        _programStart = programStart;
        _spill = spill;
        _observer = observer;
        _budget = new MediaBudget(options.MaxBytesInMemory);
    }

    /// <summary>Whether a player can play it: the playlists are there. Stays true.</summary>
    public bool IsPlayable => Volatile.Read(ref _isPlayable);

    /// <summary>Whether the playlists have ended.</summary>
    public bool IsEnded => Volatile.Read(ref _isEnded);

    /// <summary>EXT-X-TARGETDURATION, which never changes; zero before the stream is playable. A request is held for three of them.</summary>
    public TimeSpan TargetDuration { get; private set; }

    /// <summary>How often readers have been shown something new. While it rises nobody needs <see cref="WakeWaiters"/>.</summary>
    public long Publications => Interlocked.Read(ref _publications);

    /// <summary>
    /// The decode time of frames before which readers are shown nothing new, unless a keyframe of the picture comes: the owner
    /// may keep them back until then and hand them over together. Null while any frame may matter.
    /// </summary>
    public TimeSpan? QuietUntil =>
        _channels.Count == 1 && _shape is not null && _channels[0].Segmenter.QuietUntil is { } at ? HlsClock.ToSpan(at) : null;

    /// <summary>Bytes of memory that the media takes.</summary>
    public long BytesInMemory => _budget.InMemory;

    /// <summary>The renditions that can be fetched, also those of tracks that have gone.</summary>
    public IReadOnlyList<HlsRendition> Renditions => Volatile.Read(ref _renditions);

    /// <summary>Finds a rendition by its name in an address; null when there is none.</summary>
    public HlsRendition? FindRendition(ReadOnlySpan<char> name)
    {
        foreach (var rendition in Volatile.Read(ref _renditions))
        {
            if (name.SequenceEqual(rendition.Name))
            {
                return rendition;
            }
        }

        return null;
    }

    /// <summary>The multivariant playlist.</summary>
    /// <param name="folder">Where the media playlists are, relative to it: <c>v/{viewer}</c>. Goes into the text as it is.</param>
    /// <param name="query">
    /// What the addresses of media playlists end with: empty, or a query with its question mark, of characters that may stand
    /// in an address.
    /// </param>
    /// <returns>The text in UTF-8; null before the stream is playable.</returns>
    public byte[]? RenderMultivariant(string folder, string query)
    {
        var states = Volatile.Read(ref _listed).Select(rendition => rendition.State).OfType<PlaylistState>().ToArray();
        return states.Length == 0 ? null : MultivariantPlaylistWriter.Write(states, folder, query);
    }

    /// <summary>Announces the tracks of the frames that follow. Except the first time this is a discontinuity.</summary>
    /// <param name="tracks">With unequal ids; the first audio track and all video tracks are used.</param>
    public void SetTracks(IReadOnlyList<Track> tracks)
    {
        ArgumentNullException.ThrowIfNull(tracks);
        if (_isEnded || tracks.Count == 0)
        {
            return;
        }

        var known = _tracks;
        _tracks = [.. tracks];
        if (_shape is null)
        {
            ProbeAgain(frame => known.Any(track => track.Id == frame.TrackId && _tracks.Any(track.IsSameFormatAs)));
            return;
        }

        BreakAll();
        LayOut(_shape);
        MarkAll();
        Publish();
    }

    /// <summary>Takes a frame in.</summary>
    /// <param name="frame">The frame; the stream retains it as long as it needs it.</param>
    /// <param name="now">The caller's monotonic time, handed on to <see cref="IHlsObserver.PartPublished"/>.</param>
    public void Push(Frame frame, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (_isEnded || _tracks.Count == 0)
        {
            return;
        }

        if (_shape is null)
        {
            if (_probe!.Add(frame, now) is { } shape)
            {
                Begin(shape);
            }

            return;
        }

        Add(frame, now);
        Publish();
    }

    /// <summary>Says that what follows does not continue what was: the source's clock jumped, or frames were lost.</summary>
    public void MarkDiscontinuity() => Interrupt();

    /// <summary>
    /// Says that the publisher is gone: viewers get everything there is, and the playlist waits. Frames that come later follow
    /// after a discontinuity, from a keyframe on.
    /// </summary>
    public void Interrupt()
    {
        if (_isEnded)
        {
            return;
        }

        if (_shape is null)
        {
            if (_tracks.Count > 0)
            {
                ProbeAgain(_ => false);
            }

            return;
        }

        BreakAll();
        MarkAll();
        Publish();
    }

    /// <summary>Ends the stream with everything there is. All who wait are answered. What there is can still be fetched.</summary>
    public void End()
    {
        if (_isEnded)
        {
            return;
        }

        if (_shape is null && _probe is { Frames.Count: > 0 })
        {
            Begin(_probe.Choose());
        }

        BreakAll();
        foreach (var channel in _channels)
        {
            channel.Log.End();
        }

        Volatile.Write(ref _isEnded, true);
        Publish();
        WakeWaiters();
    }

    /// <summary>
    /// Wakes everybody who waits, so that they can see whether they have waited long enough or their viewer has gone. Any
    /// thread may call it.
    /// </summary>
    public void WakeWaiters()
    {
        foreach (var rendition in Volatile.Read(ref _renditions))
        {
            rendition.Wake(withSegments: true);
        }
    }

    /// <summary>Ends the stream if need be and throws its media away; all who still ask are told that there is nothing.</summary>
    public void Dispose()
    {
        End();
        _probe?.Release();
        foreach (var channel in _channels)
        {
            channel.Segmenter.Restart();
            channel.Log.Drop();
        }

        foreach (var rendition in _renditions)
        {
            rendition.Show(null);
        }

        foreach (var log in _gone)
        {
            log.Drop();
        }
    }

    private void ProbeAgain(Func<Frame, bool> keeps)
    {
        var previous = _probe;
        var probe = _probe = new StartProbe(_options, LeadsOf(_tracks));
        StreamShape? shape = null;
        foreach (var (frame, arrivedAt) in previous?.Frames ?? [])
        {
            if (keeps(frame))
            {
                shape = probe.Add(frame, arrivedAt) ?? shape;
            }
        }

        previous?.Release();
        if (shape is not null)
        {
            Begin(shape);
        }
    }

    // Everything that was held back goes its way, as if it came now.
    private void Begin(StreamShape shape)
    {
        _shape = shape;
        TargetDuration = TimeSpan.FromSeconds(shape.TargetSeconds);
        LayOut(shape);
        foreach (var (frame, arrivedAt) in _probe!.Frames)
        {
            Add(frame, arrivedAt);
        }

        Publish();
        _probe.Release();
        _probe = null;
    }

    private void Add(Frame frame, TimeSpan now)
    {
        var leader = _channels[0].Segmenter;
        leader.Add(frame, now);
        for (var i = 1; i < _channels.Count; i++)
        {
            var follower = _channels[i].Segmenter;
            follower.Add(frame, now);
            if (follower.Newest is { } newest)
            {
                leader.SkipTo(newest);
            }

            follower.Advance();
        }
    }

    private void LayOut(StreamShape shape)
    {
        var audio = _tracks.FirstOrDefault(track => track.Kind is TrackKind.Audio);
        var plans = _tracks.Where(track => track.Kind is TrackKind.Video).Select(video => (Video: (Track?)video, Audio: audio)).ToList();
        if (plans.Count == 0)
        {
            plans.Add((null, audio));
        }

        var holdBack = shape.PartTargets.Max() * 3;
        Segmenter? leader = null;
        for (var i = 0; i < plans.Count; i++)
        {
            var (video, sound) = plans[i];
            if (i == _channels.Count)
            {
                _channels.Add(NewChannel(shape, shape.PartTargets[Math.Min(i, shape.PartTargets.Length - 1)], holdBack));
            }

            var channel = _channels[i];
            channel.Log.SetTracks(video, sound, i < shape.FrameRates.Length ? shape.FrameRates[i] : 0);
            channel.Segmenter = new Segmenter(QueueFor(video), QueueFor(sound), channel.Rules, channel.Log, leader);
            leader ??= channel.Segmenter;
        }

        for (var i = _channels.Count - 1; i >= plans.Count; i--)
        {
            Retire(_channels[i]);
            _channels.RemoveAt(i);
        }

        Volatile.Write(ref _listed, [.. _channels.Select(channel => channel.Rendition)]);
    }

    private Channel NewChannel(StreamShape shape, TimeSpan partTarget, TimeSpan holdBack)
    {
        var rendition = new HlsRendition(_renditionCount++.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var header = new PlaylistHeader(rendition.Name, _runTag, shape.TargetSeconds, partTarget, holdBack);
        var firstMsn = _channels.Count > 0 ? _channels[0].Log.NextMsn : _options.FirstMediaSequence;
        var log = new RenditionLog(header, _options, _budget, _programStart, _spill, _observer, firstMsn);
        Volatile.Write(ref _renditions, [.. _renditions, rendition]);
        return new Channel(rendition, log, CutRules.Of(_options, partTarget, shape.TargetSeconds));
    }

    private void Retire(Channel channel)
    {
        channel.Log.End();
        channel.Rendition.Show(channel.Log.ToState([]));
        _gone.Add(channel.Log);
    }

    private void BreakAll()
    {
        foreach (var channel in _channels)
        {
            channel.Segmenter.Break();
        }

        foreach (var channel in _channels)
        {
            channel.Segmenter.Restart();
        }
    }

    private void MarkAll()
    {
        foreach (var channel in _channels)
        {
            channel.Log.MarkDiscontinuity();
        }
    }

    private void Publish()
    {
        var isPlayable = _channels.Exists(channel => !channel.Log.IsEmpty);
        if (!isPlayable)
        {
            return;
        }

        foreach (var channel in _channels)
        {
            if (!channel.Log.IsDirty)
            {
                continue;
            }

            channel.Log.KeepWithinBudget();
            channel.Rendition.Show(channel.Log.ToState(ReportsFor(channel)));
            channel.Log.ReportPublished(areTimely: _probe is null);
            Interlocked.Increment(ref _publications);
        }

        Volatile.Write(ref _isPlayable, true);
    }

    private RenditionReport[] ReportsFor(Channel channel)
    {
        if (_channels.Count == 1)
        {
            return [];
        }

        return [.. _channels.Where(other => other != channel && !other.Log.IsEmpty).Select(other => other.Log.ToReport())];
    }

    private static SampleQueue? QueueFor(Track? track) =>
        track is null ? null : new SampleQueue(track, Mp4InitSection.TimescaleOf(track));

    private static IEnumerable<Track> LeadsOf(IReadOnlyList<Track> tracks) =>
        tracks.Any(track => track.Kind is TrackKind.Video) ? tracks.Where(track => track.Kind is TrackKind.Video) : tracks.Take(1);

    /// <summary>One rendition on the writing side.</summary>
    private sealed class Channel(HlsRendition rendition, RenditionLog log, CutRules rules)
    {
        public HlsRendition Rendition { get; } = rendition;

        public RenditionLog Log { get; } = log;

        public CutRules Rules { get; } = rules;

        public Segmenter Segmenter { get; set; } = null!;
    }
}
