using System.Buffers;
using Roomcast.Media;
using Roomcast.Media.Containers.WebM;

namespace Roomcast.Client.Media;

/// <summary>Records a track to a WebM file. What is written plays whatever happens next; at its end it gets its length and cues.</summary>
/// <remarks>Writes on the thread of the track's transport, a cluster at a time. Pictures begin with the first keyframe, and all are turned as that one is. Thread-safe.</remarks>
public sealed class WebMRecorder : IFrameSink, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Stream _file;
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly TrackKind _kind;
    private WebMWriter? _writer;
    private TimeSpan? _first;
    private TimeSpan _last;
    private bool _isOver;

    /// <summary>Begins a recording.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="kind">Sound or picture: a file has one track.</param>
    public WebMRecorder(string path, TrackKind kind)
        : this(new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read), kind)
    {
    }

    internal WebMRecorder(Stream file, TrackKind kind)
    {
        _file = file;
        _kind = kind;
    }

    /// <summary>Frames that were recorded.</summary>
    public long Frames { get; private set; }

    /// <summary>How long the recording is so far.</summary>
    public TimeSpan Duration { get; private set; }

    /// <inheritdoc/>
    public void OnFrame(in EncodedFrame frame)
    {
        lock (_lock)
        {
            if (_isOver || frame.Kind != _kind || (_writer is null && !frame.IsKeyframe))
            {
                return;
            }

            _writer ??= _kind is TrackKind.Video
                ? new WebMWriter(_output, WebMCodec.Vp8, Math.Max(1, frame.Width), Math.Max(1, frame.Height), channels: 0, frame.RotationDegrees)
                : new WebMWriter(_output, WebMCodec.Opus, width: 0, height: 0, channels: (frame.Data.Span[0] & 4) != 0 ? 2 : 1);
            _first ??= frame.Time;
            var time = frame.Time - _first.Value;
            _last = time > _last ? time : _last; // A track that begins anew goes on where it was.
            _writer.Add(_last, frame.Duration, frame.IsKeyframe, frame.Data.Span);
            Frames++;
            Duration = _writer.Duration;
            WriteOut();
        }
    }

    /// <inheritdoc/>
    public void OnEnded()
    {
        lock (_lock)
        {
            if (!_isOver && _writer is not null)
            {
                _writer.Flush();
                WriteOut();
            }
        }
    }

    /// <summary>Ends the file.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _isOver = true;
            if (_writer is not null)
            {
                var front = _writer.Finish();
                WriteOut();
                _file.Position = 0;
                _file.Write(front);
            }
        }

        await _file.DisposeAsync().ConfigureAwait(false);
    }

    private void WriteOut()
    {
        _file.Write(_output.WrittenSpan);
        _output.ResetWrittenCount();
    }
}
