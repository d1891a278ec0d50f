using Roomcast.Egress.Composition.Layouts;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Playing;

/// <summary>
/// A source that is decoded ahead by a thread of its own, a second or two and no more: pictures of one size, and sound of one form.
/// </summary>
internal sealed class PlayedSource : IDisposable
{
    private const int MaxWidth = 1_280;
    private const int MaxHeight = 720;
    private const int LeastSide = 16;
    private const int MaxPictures = 24;

    private static readonly TimeSpan LeastSound = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly ManualResetEvent _hasRoom = new(false);
    private readonly ManualResetEvent _isOver = new(false);
    private readonly MediaInput _input;
    private readonly Queue<(AvFrame Picture, double At)> _pictures = new();
    private readonly Stack<AvFrame> _free = new();
    private readonly SoundQueue _sound = new();
    private readonly Scaler _scaler = new();
    private readonly Resampler _resampler = new();
    private readonly AvFrame _decoded = new();
    private Thread? _thread;
    private (int Width, int Height) _size;
    private TimeSpan? _seek;
    private double _skipUntil;
    private double _lastPictureAt;
    private bool _hasEnded;
    private bool _isFresh = true;
    private string? _fault;

    private PlayedSource(MediaInput input) => _input = input;

    public bool HasSound => _input.Sound is not null;

    public bool HasPicture => _input.Picture is not null;

    public TimeSpan? Length => _input.Length;

    /// <summary>Opens it, and begins to decode.</summary>
    /// <exception cref="PlayerException">It cannot be reached or played.</exception>
    public static PlayedSource Open(WirePlay play, GuardedGateway gateway)
    {
        var source = new PlayedSource(MediaInput.Open(new Uri(play.Url), gateway, play.StallMs));
        if (play.SeekMs > 0 && source.Length is { } length)
        {
            source._seek = TimeSpan.FromMilliseconds(Math.Min(play.SeekMs, length.TotalMilliseconds));
        }

        source._thread = new Thread(source.Decode) { IsBackground = true, Name = "decoder" };
        source._thread.Start();
        return source;
    }

    /// <summary>Goes elsewhere: what was decoded ahead is dropped.</summary>
    public void Seek(TimeSpan position)
    {
        lock (_gate)
        {
            _seek = position;
            Drop();
            (_hasEnded, _isFresh) = (false, true);
        }

        _hasRoom.Set();
    }

    /// <summary>Whether something can be shown: after a start or another position, once both picture and sound are there.</summary>
    public bool IsReady
    {
        get
        {
            lock (_gate)
            {
                var (hasPicture, hasSound) = (_pictures.Count > 0, _sound.Waiting >= LeastSound);
                var hasAll = (hasPicture || !HasPicture) && (hasSound || !HasSound);
                var isReady = _hasEnded || (_isFresh ? hasAll || IsFull : hasPicture || hasSound);
                _isFresh &= !isReady;
                return isReady && _seek is null;
            }
        }
    }

    /// <summary>Whether all has been taken of it.</summary>
    public bool IsDone
    {
        get
        {
            lock (_gate)
            {
                return _hasEnded && _seek is null && _pictures.Count == 0 && _sound.Waiting == TimeSpan.Zero;
            }
        }
    }

    /// <summary>Why nothing more can be had of it; null while there is no fault.</summary>
    public string? Fault
    {
        get
        {
            lock (_gate)
            {
                return _fault;
            }
        }
    }

    /// <summary>Takes the next picture that is due; the caller gives it back.</summary>
    public bool TryTakePicture(double until, out AvFrame? picture, out double at)
    {
        lock (_gate)
        {
            if (_pictures.TryPeek(out var next) && next.At <= until)
            {
                (picture, at) = _pictures.Dequeue();
                _hasRoom.Set();
                return true;
            }
        }

        (picture, at) = (null, 0);
        return false;
    }

    /// <summary>Gives a picture back.</summary>
    public void Return(AvFrame picture)
    {
        lock (_gate)
        {
            _free.Push(picture);
        }
    }

    /// <summary>Takes the sound that is due.</summary>
    public void TakeSound(Span<float> target, double at)
    {
        lock (_gate)
        {
            _sound.Take(target, at);
        }

        _hasRoom.Set();
    }

    public void Dispose()
    {
        _isOver.Set();
        if (_thread?.Join(TimeSpan.FromSeconds(1)) == false)
        {
            return; // It waits for the network; the process ends with it.
        }

        foreach (var (picture, _) in _pictures)
        {
            picture.Dispose();
        }

        foreach (var picture in _free)
        {
            picture.Dispose();
        }

        _decoded.Dispose();
        _scaler.Dispose();
        _resampler.Dispose();
        _input.Dispose();
    }

    // Either is enough: what is ahead of the other waits for its time in any case.
    private bool IsFull => _pictures.Count >= MaxPictures || !_sound.HasRoom;

    private void Decode()
    {
        WaitHandle[] any = [_isOver, _hasRoom];
        try
        {
            while (true)
            {
                TimeSpan? seek;
                bool mustWait;
                lock (_gate)
                {
                    (seek, mustWait) = (_seek, _seek is null && (_hasEnded || IsFull));
                    if (mustWait)
                    {
                        _hasRoom.Reset();
                    }
                }

                if (mustWait ? WaitHandle.WaitAny(any) == 0 : _isOver.WaitOne(0))
                {
                    return;
                }

                if (seek is { } position)
                {
                    GoTo(position);
                }
                else if (!mustWait)
                {
                    ReadOn();
                }
            }
        }
        catch (Exception fault) when (fault is CodecLibraryException or InsufficientMemoryException or PlayerException)
        {
            lock (_gate)
            {
                _fault = fault is PlayerException ? fault.Message : $"{PlaybackReasons.NotPlayable}: {fault.Message}";
            }
        }
    }

    private void GoTo(TimeSpan position)
    {
        var hasGone = _input.Seek(position);
        _resampler.Forget();
        lock (_gate)
        {
            if (_seek != position)
            {
                return; // Somebody wants to be elsewhere already.
            }

            _seek = null;
            Drop();
            (_skipUntil, _lastPictureAt) = (position.TotalSeconds, position.TotalSeconds);
            _fault ??= hasGone ? null : $"{PlaybackReasons.SourceFailed}: it cannot be read from there";
        }
    }

    private void ReadOn()
    {
        var result = _input.Read(out var isPicture);
        if (result == LibAvCodec.TryAgain)
        {
            _isOver.WaitOne(5); // A live source has nothing new.
            return;
        }

        if (result < 0)
        {
            Drain(_input.Picture, isPicture: true);
            Drain(_input.Sound, isPicture: false);
            lock (_gate)
            {
                _hasEnded = true;
                _fault = result == LibAvFormat.End ? null : $"{PlaybackReasons.SourceFailed}: {LibAvUtil.Describe(result)}";
            }

            return;
        }

        TakeFrames((isPicture ? _input.Picture : _input.Sound)!, isPicture);
    }

    private void Drain(AvCodecContext? decoder, bool isPicture)
    {
        if (decoder is not null)
        {
            decoder.SendEnd(isEncoder: false);
            TakeFrames(decoder, isPicture);
            decoder.Forget(); // So that it can go on elsewhere.
        }
    }

    private void TakeFrames(AvCodecContext decoder, bool isPicture)
    {
        while (decoder.Receive(_decoded) >= 0)
        {
            var at = _input.TimeOf(_decoded, isPicture);
            if (isPicture)
            {
                TakePicture(at ?? _lastPictureAt);
            }
            else
            {
                TakeSound(decoder, at);
            }

            _decoded.Clear();
        }
    }

    private void TakeSound(AvCodecContext decoder, double? at)
    {
        if (at < _skipUntil || LibAvUtil.av_opt_get_int(decoder.Pointer, "ar", 0, out var rateHz) < 0)
        {
            return;
        }

        var samples = _resampler.Convert(_decoded, (int)Math.Min(rateHz, int.MaxValue));
        lock (_gate)
        {
            if (_seek is null)
            {
                _sound.Add(samples, at);
            }
        }
    }

    private void TakePicture(double at)
    {
        _lastPictureAt = at;
        if (at < _skipUntil - 0.001)
        {
            return;
        }

        if (_size == default)
        {
            _size = Fit(_decoded.Width, _decoded.Height);
        }

        AvFrame? picture;
        lock (_gate)
        {
            _free.TryPop(out picture);
        }

        picture ??= AvFrame.OfPicture(_size.Width, _size.Height);
        picture.MakeWritable();
        if (!_scaler.Scale(_decoded, new TileArea(0, 0, _decoded.Width, _decoded.Height), picture, LibSwScale.Bilinear))
        {
            picture.Dispose();
            throw new PlayerException($"{PlaybackReasons.NotPlayable}: its picture cannot be converted");
        }

        lock (_gate)
        {
            if (_seek is null)
            {
                _pictures.Enqueue((picture, at));
            }
            else
            {
                _free.Push(picture);
            }
        }
    }

    private void Drop()
    {
        while (_pictures.TryDequeue(out var picture))
        {
            _free.Push(picture.Picture);
        }

        _sound.Clear();
    }

    /// <summary>The largest even size within bounds that has the picture's shape; never larger than the picture.</summary>
    internal static (int Width, int Height) Fit(int width, int height)
    {
        var scale = Math.Min(1, Math.Min((double)MaxWidth / width, (double)MaxHeight / height));
        return (Even(width * scale), Even(height * scale));

        static int Even(double side) => Math.Max(LeastSide, (int)Math.Round(side / 2) * 2);
    }
}
