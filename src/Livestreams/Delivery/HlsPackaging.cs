using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Hls;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Media;

namespace Roomcast.Livestreams.Delivery;

/// <summary>Opens an HLS stream for each airing.</summary>
internal sealed class HlsPackaging(
    IOptions<HlsOptions> options, SegmentFiles files, DeliveryMetrics metrics, TimeProvider time, ILogger<HlsPackaging> logger) : IPackaging
{
    // 80 random bits: nobody guesses the name of a segment, and no two sessions share one.
    private const int RunTagBytes = 10;

    public IPackager Open(LivestreamId livestreamId, DateTimeOffset programStart, LiveViewers viewers)
    {
        var runTag = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RunTagBytes));
        var hasLogged = 0;
        var observer = new DeliveryMetrics.StreamObserver(metrics, time, _ =>
        {
            if (Interlocked.Exchange(ref hasLogged, 1) == 0)
            {
                DeliveryLog.WindowShortened(logger, livestreamId);
            }
        });
        var shelf = files.Open(runTag);
        return new HlsPackager(livestreamId, new HlsStream(options.Value with { FirstMediaSequence = 1 }, runTag, programStart, shelf, observer), shelf, viewers, time);
    }
}

/// <summary>One airing as an HLS stream, and the program by which delivery serves it.</summary>
internal sealed class HlsPackager : IPackager
{
    private readonly HlsStream _stream;
    private readonly SegmentFiles.Shelf? _shelf;
    private readonly LiveViewers _viewers;
    private readonly TimeProvider _time;
    private bool _isTargetTold;

    public HlsPackager(LivestreamId livestreamId, HlsStream stream, SegmentFiles.Shelf? shelf, LiveViewers viewers, TimeProvider time)
    {
        _stream = stream;
        _shelf = shelf;
        _viewers = viewers;
        _time = time;
        Program = new LiveProgram(livestreamId, stream, viewers);
    }

    /// <summary>What players are served.</summary>
    public LiveProgram Program { get; }

    public bool IsPlayable => _stream.IsPlayable;

    public TimeSpan? QuietUntil => _stream.QuietUntil;

    public void SetTracks(IReadOnlyList<Track> tracks) => _stream.SetTracks(tracks);

    public void MarkDiscontinuity() => _stream.MarkDiscontinuity();

    public void Interrupt() => _stream.Interrupt();

    public void Push(Frame frame)
    {
        _stream.Push(frame, _time.GetElapsedTime(0, _time.GetTimestamp()));
        if (!_isTargetTold && _stream.IsPlayable)
        {
            _isTargetTold = true;
            _viewers.SetTargetDuration(_stream.TargetDuration);
        }
    }

    public void End() => _stream.End();

    public ValueTask DisposeAsync()
    {
        _stream.Dispose();
        _shelf?.Dispose();
        return ValueTask.CompletedTask;
    }
}
