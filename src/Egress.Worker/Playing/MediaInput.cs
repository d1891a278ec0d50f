using System.Globalization;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Playing;

/// <summary>Takes a source apart and decodes it: its best picture and its best sound. Owned by one thread.</summary>
internal sealed class MediaInput : IDisposable
{
    // Wide enough for 4K, and for a portrait of it; what is larger is no media for a meeting.
    private const string MaxPixels = "9437184";
    private const string MaxStreams = "64";
    private const string ProbeMicroseconds = "5000000";
    private const string ProbeBytes = "5000000";
    private const int MicrosecondsPerSecond = 1_000_000;
    private const int StallReserveMicroseconds = 5_000_000;

    // Containers and playlists of moving media, each with nothing but media in it: none of these leads to files of this machine, and
    // what playlists lead to goes through the gateway.
    private const string Formats =
        "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,flv,live_flv,hls,applehttp,avi,ogg,mp3,aac,wav,flac";

    // An RTMP stream is FLV, which leads nowhere.
    private const string RtmpFormats = "flv,live_flv";
    private const string RtmpProtocols = "rtmp,tcp";

    // What HTTP is made of must be among them; what playlists may name of them the guard says.
    private const string HttpProtocols = "http,https,httpproxy,tls,tcp,crypto";
    private const string NotAllowed = $"{PlaybackReasons.NotAllowed}: its address, or one it leads to, is not open to playing";

    private static readonly string[] HttpPrefixes = ["http://", "https://", "crypto+http://", "crypto+https://"];

    private readonly AvPacket _packet = new();
    private readonly GuardedGateway _gateway;
    private readonly SourceClock _clock = new();
    private OpenGuard? _guard;
    private nint _context;
    private nint _pictureDecoder;
    private nint _soundDecoder;

    private MediaInput(GuardedGateway gateway) => _gateway = gateway;

    /// <summary>The decoder of the picture; null where there is none.</summary>
    public AvCodecContext? Picture { get; private set; }

    /// <summary>The decoder of the sound; null where there is none.</summary>
    public AvCodecContext? Sound { get; private set; }

    /// <summary>How long it is; null where that is not known.</summary>
    public TimeSpan? Length { get; private set; }

    private int PictureStream { get; set; } = -1;

    private int SoundStream { get; set; } = -1;

    private (int Numerator, int Denominator) PictureUnit { get; set; }

    private (int Numerator, int Denominator) SoundUnit { get; set; }

    private double? Start { get; set; }

    /// <summary>Opens a source; waits for the network.</summary>
    /// <exception cref="PlayerException">It cannot be reached, or there is nothing in it that can be played.</exception>
    public static MediaInput Open(Uri url, GuardedGateway gateway, int stallMs)
    {
        var input = new MediaInput(gateway);
        try
        {
            input.OpenSource(url, stallMs);
            input.OpenStreams();
            input.ThrowIfRefused();
            return input;
        }
        catch (PlayerException) when (input.HasRefused)
        {
            input.Dispose();
            throw new PlayerException(NotAllowed);
        }
        catch
        {
            input.Dispose();
            throw;
        }
    }

    /// <summary>Reads on, and gives the packet to its decoder.</summary>
    /// <param name="isPicture">Whether the decoder of the picture has something new; otherwise that of the sound.</param>
    /// <returns>Below zero at the end, or where nothing more can be had.</returns>
    /// <exception cref="PlayerException">It leads to where nothing is played from.</exception>
    public int Read(out bool isPicture)
    {
        while (true)
        {
            isPicture = false;
            var result = LibAvFormat.av_read_frame(_context, _packet.Pointer);
            ThrowIfRefused();
            if (result < 0)
            {
                return result;
            }

            isPicture = _packet.Stream == PictureStream;
            var decoder = isPicture ? Picture : _packet.Stream == SoundStream ? Sound : null;
            var isTaken = decoder?.Send(_packet) >= 0; // What is damaged is passed over: the next keyframe mends it.
            _packet.Clear();
            if (isTaken)
            {
                return 0;
            }
        }
    }

    /// <summary>Goes elsewhere, to the keyframe before.</summary>
    public bool Seek(TimeSpan position)
    {
        var target = (long)((position.TotalSeconds + (Start ?? 0)) * MicrosecondsPerSecond);
        if (LibAvFormat.avformat_seek_file(_context, -1, long.MinValue, target, target, 0) < 0)
        {
            return false;
        }

        Picture?.Forget();
        Sound?.Forget();
        _clock.Forget();
        return true;
    }

    /// <summary>When a decoded frame is due, in seconds from the source's beginning; null where it does not say.</summary>
    public double? TimeOf(AvFrame frame, bool isPicture)
    {
        if (frame.Time == long.MinValue)
        {
            return null;
        }

        var (numerator, denominator) = isPicture ? PictureUnit : SoundUnit;
        var time = (double)frame.Time * numerator / denominator;

        // A live source begins when we come to it.
        Start ??= time;
        return _clock.At(isPicture, time - Start.Value);
    }

    public void Dispose()
    {
        Picture?.Dispose();
        Sound?.Dispose();
        _packet.Dispose();
        if (_context != 0)
        {
            LibAvFormat.avformat_close_input(ref _context);
        }

        _guard?.Dispose();
    }

    private bool HasRefused => _gateway.HasRefused || _guard is { HasRefused: true };

    /// <summary>Of a source that leads to one place where nothing is played from, nothing else is played either.</summary>
    private void ThrowIfRefused()
    {
        if (HasRefused)
        {
            throw new PlayerException(NotAllowed);
        }
    }

    private void OpenSource(Uri url, int stallMs)
    {
        var isRtmp = url.Scheme is "rtmp" or "rtmps";

        // Later than the player itself counts it as stalled, with what is decoded ahead: an end of the reading would look like the source's.
        var stall = ((stallMs * 2_000L) + StallReserveMicroseconds).ToString(CultureInfo.InvariantCulture);
        List<(string Name, string Value)> options =
        [
            ("protocol_whitelist", isRtmp ? RtmpProtocols : HttpProtocols),
            ("format_whitelist", isRtmp ? RtmpFormats : Formats),
            ("max_streams", MaxStreams),
            ("probesize", ProbeBytes),
            ("analyzeduration", ProbeMicroseconds),
            ("rw_timeout", stall),
            .. isRtmp
                ? [("rtmp_live", "any"), ("rtmp_tcurl", $"{url.Scheme}://{url.Authority}/{url.AbsolutePath.Split('/')[1]}")]
                : ((string, string)[])[("http_persistent", "0"), ("user_agent", "Roomcast")],
        ];
        var address = isRtmp ? $"rtmp://127.0.0.1:{_gateway.OpenDoor(url)}{url.PathAndQuery}" : SchemeInSmall(url);
        _context = LibAvFormat.avformat_alloc_context();
        _guard = isRtmp
            ? new OpenGuard(_context, [address], [])
            : new OpenGuard(_context, HttpPrefixes, [("http_proxy", _gateway.ProxyUrl), ("tls_verify", "1")]);
        nint dictionary = 0;
        try
        {
            foreach (var (name, value) in options)
            {
                LibAvUtil.Check(LibAvUtil.av_dict_set(ref dictionary, name, value, 0), "Setting an option");
            }

            _ = LibAvFormat.avformat_network_init();
            if (LibAvFormat.avformat_open_input(ref _context, address, 0, ref dictionary) is var result and < 0)
            {
                throw new PlayerException($"{PlaybackReasons.NotOpened}: {LibAvUtil.Describe(result)}");
            }
        }
        finally
        {
            LibAvUtil.av_dict_free(ref dictionary);
        }
    }

    /// <summary>The address as it was written, with a scheme that the library knows.</summary>
    private static string SchemeInSmall(Uri url) => url.Scheme + url.OriginalString[url.Scheme.Length..];

    private void OpenStreams()
    {
        _ = LibAvFormat.avformat_find_stream_info(_context, 0);
        PictureStream = LibAvFormat.av_find_best_stream(_context, LibAvFormat.Video, -1, -1, out _pictureDecoder, 0);
        SoundStream = LibAvFormat.av_find_best_stream(_context, LibAvFormat.Audio, -1, PictureStream, out _soundDecoder, 0);
        (Picture, PictureUnit) = OpenStream(PictureStream, _pictureDecoder);
        (Sound, SoundUnit) = OpenStream(SoundStream, _soundDecoder);
        if (Picture is null && Sound is null)
        {
            throw new PlayerException($"{PlaybackReasons.NotPlayable}: it has neither a picture nor sound that the installed FFmpeg can decode");
        }

        Length = FormatLayout.LengthOf(_context) is > 0 and var length ? TimeSpan.FromMicroseconds(length) : null;
        Start = FormatLayout.StartOf(_context) is var start and not long.MinValue ? (double)start / MicrosecondsPerSecond : null;
    }

    private (AvCodecContext? Decoder, (int, int) Unit) OpenStream(int index, nint decoder)
    {
        if (index < 0 || decoder == 0)
        {
            return (null, default);
        }

        var stream = FormatLayout.StreamsOf(_context)[index];
        var unit = FormatLayout.TimeBaseOf(stream);
        if (unit is not { Numerator: > 0, Denominator: > 0 })
        {
            throw new CodecLibraryException("The installed libavformat tells a stream's times in a unit of zero; playing needs FFmpeg 5 to 9.");
        }

        return (AvCodecContext.TryOpenDecoder(
            decoder,
            FormatLayout.ParametersOf(stream),
            [("threads", "2"), ("max_pixels", MaxPixels), ("pkt_timebase", string.Create(CultureInfo.InvariantCulture, $"{unit.Numerator}/{unit.Denominator}"))]), unit);
    }
}
