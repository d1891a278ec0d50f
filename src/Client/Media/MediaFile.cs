using Roomcast.Media;

namespace Roomcast.Client.Media;

/// <summary>
/// A file to be published, whatever it is. IVF of VP8, Ogg of Opus and WebM of either or both are sent as they are, up to 1 GiB; everything else
/// is encoded anew by FFmpeg, where it is present.
/// </summary>
/// <remarks>What is in a file is told by its bytes, not by its name, and nothing of it is left out: where one kind needs FFmpeg, it reads both. Pictures and sound stand on one timeline, and keep together.</remarks>
public sealed class MediaFile : IAsyncDisposable
{
    // The first page of an Ogg, and as much of the next as tells what it is.
    private const int BeginningLength = 1_024;

    private readonly FfmpegLength? _length;

    private MediaFile(IVideoSource? video, IAudioSource? audio, FfmpegLength? length = null)
    {
        Video = video;
        Audio = audio;
        _length = length;
    }

    /// <summary>Its pictures; null when it has none.</summary>
    public IVideoSource? Video { get; }

    /// <summary>Its sound; null when it has none.</summary>
    public IAudioSource? Audio { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">It is an IVF or an Ogg that is damaged.</exception>
    /// <exception cref="FfmpegException">FFmpeg would be needed and is missing, or cannot read it either.</exception>
    public static Task<MediaFile> OpenAsync(string path, bool repeats = false, CancellationToken cancellationToken = default) =>
        OpenAsync(path, repeats, FfmpegSource.MostKept, cancellationToken);

    /// <inheritdoc cref="OpenAsync(string, bool, CancellationToken)"/>
    /// <param name="path">Where it is.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="keptAtMost">Bytes of either kind that are kept of what FFmpeg has encoded; for tests.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    internal static async Task<MediaFile> OpenAsync(string path, bool repeats, long keptAtMost, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var start = new byte[BeginningLength];
        int length;
        bool isShortEnough;
        await using (var file = File.OpenRead(path))
        {
            isShortEnough = file.Length <= StoredSource.LongestFile;
            length = await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }

        switch (isShortEnough ? FormatOf(start.AsSpan(0, length)) : Format.Other)
        {
            case Format.Ivf:
                return new MediaFile(await IvfVideoSource.OpenAsync(path, repeats, cancellationToken).ConfigureAwait(false), null);
            case Format.Ogg:
                return new MediaFile(null, await OggAudioSource.OpenAsync(path, repeats, cancellationToken).ConfigureAwait(false));
            case Format.WebM when await OpenWebMAsync(path, repeats, cancellationToken).ConfigureAwait(false) is { } webM:
                return webM;
        }

        return await OpenByFfmpegAsync(Path.GetFullPath(path), repeats, keptAtMost, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var source in (IFrameSource?[])[Video, Audio])
        {
            if (source is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync().ConfigureAwait(false);
            }
        }

        if (_length is not null)
        {
            await _length.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What a file is, of the formats that this package reads; an IVF, or an Ogg, of other codecs is none.</summary>
    private static Format FormatOf(ReadOnlySpan<byte> start) =>
        start.StartsWith("DKIF"u8) && start.Length >= 12 && start[8..12].SequenceEqual("VP80"u8) ? Format.Ivf
        : start.StartsWith("OggS"u8) && IsOpusAlone(start) ? Format.Ogg
        : start.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]) ? Format.WebM
        : Format.Other;

    /// <summary>Whether the first stream of an Ogg is of Opus (RFC 7845 section 5.1), and no second one begins beside it (RFC 3533 section 6).</summary>
    private static bool IsOpusAlone(ReadOnlySpan<byte> start)
    {
        const int HeadLength = 27; // Up to the lengths of the page's segments, whose number is its last byte.
        const int FlagsAt = 5;
        const int BeginsStream = 2;
        if (start.Length < HeadLength || start.Length < HeadLength + start[HeadLength - 1])
        {
            return false;
        }

        var lengths = start.Slice(HeadLength, start[HeadLength - 1]);
        var body = start[(HeadLength + lengths.Length)..];
        var next = 0;
        foreach (var each in lengths)
        {
            next += each;
        }

        return body.StartsWith("OpusHead"u8)
            && !(body.Length > next + FlagsAt && body[next..].StartsWith("OggS"u8) && (body[next + FlagsAt] & BeginsStream) != 0);
    }

    // Null where something of it cannot be sent as it is, as is frequent in Matroska, or where it is not read by this package.
    private static async Task<MediaFile?> OpenWebMAsync(string path, bool repeats, CancellationToken cancellationToken)
    {
        var file = await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        if (!WebMFile.TryRead(file, TrackKind.Video, out var pictures, out var picturesStart, out _)
            || !WebMFile.TryRead(file, TrackKind.Audio, out var sound, out var soundStart, out _)
            || pictures.Count + sound.Count == 0)
        {
            return null;
        }

        var video = pictures.Count > 0 ? new WebMVideoSource(pictures, picturesStart, repeats) : null;
        var audio = sound.Count > 0 ? new WebMAudioSource(sound, soundStart, repeats) : null;
        if (video is not null && audio is not null)
        {
            var timeline = new MediaTimeline();
            var start = video.Start < audio.Start ? video.Start : audio.Start;
            var (videoEnd, audioEnd) = (video.Start + video.Length, audio.Start + audio.Length);
            var length = (videoEnd > audioEnd ? videoEnd : audioEnd) - start;
            video.Join(timeline, video.Start - start, length);
            audio.Join(timeline, audio.Start - start, length);
        }

        return new MediaFile(video, audio);
    }

    private static async Task<MediaFile> OpenByFfmpegAsync(string path, bool repeats, long keptAtMost, CancellationToken cancellationToken)
    {
        var timeline = new MediaTimeline();
        var pictures = new FfmpegVideoSource(path, repeats) { Timeline = timeline, KeptAtMost = keptAtMost };
        var video = await FirstAsync<IVideoSource>(pictures, static source => new Begun.Video(source), cancellationToken).ConfigureAwait(false);
        try
        {
            var sound = new FfmpegAudioSource(path, repeats) { Timeline = timeline, KeptAtMost = keptAtMost };
            var audio = await FirstAsync<IAudioSource>(sound, static source => new Begun.Audio(source), cancellationToken).ConfigureAwait(false);
            if ((video.Source ?? (object?)audio.Source) is null)
            {
                throw video.Fault ?? audio.Fault!;
            }

            FfmpegLength? length = null;
            if (repeats && video.Source is not null && audio.Source is not null)
            {
                length = new FfmpegLength(path);
                pictures.RoundLength = sound.RoundLength = length.Value; // Neither has come to its end yet.
            }

            return new MediaFile(video.Source, audio.Source, length);
        }
        catch
        {
            if (video.Source is IAsyncDisposable begun)
            {
                await begun.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    // Whether a file has pictures or sound shows with its first frame, which is given first afterwards.
    private static async Task<(T? Source, FfmpegException? Fault)> FirstAsync<T>(FfmpegSource source, Func<Begun, T> make, CancellationToken cancellationToken)
        where T : class, IFrameSource
    {
        var begun = new Begun(source);
        try
        {
            await begun.BeginAsync(cancellationToken).ConfigureAwait(false);
            return (make(begun), null);
        }
        catch (FfmpegException fault)
        {
            await source.DisposeAsync().ConfigureAwait(false);
            return (null, fault);
        }
        catch
        {
            await source.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private enum Format
    {
        Other,
        Ivf,
        Ogg,
        WebM,
    }

    /// <summary>A source whose first frame was taken already.</summary>
    private sealed class Begun(FfmpegSource source)
    {
        private EncodedFrame? _first;

        private MediaTimeline? Timeline => source.Timeline;

        public async Task BeginAsync(CancellationToken cancellationToken) =>
            _first = await source.ReadAsync(isKeyframeWanted: false, cancellationToken).ConfigureAwait(false);

        private ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken)
        {
            if (_first is { } first)
            {
                _first = null;
                return new(first);
            }

            return source.ReadAsync(isKeyframeWanted, cancellationToken);
        }

        private ValueTask DisposeAsync() => source.DisposeAsync();

        public sealed class Video(Begun begun) : IVideoSource, IAsyncDisposable
        {
            public MediaTimeline? Timeline => begun.Timeline;

            public ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken) => begun.ReadAsync(isKeyframeWanted, cancellationToken);

            public ValueTask DisposeAsync() => begun.DisposeAsync();
        }

        public sealed class Audio(Begun begun) : IAudioSource, IAsyncDisposable
        {
            public MediaTimeline? Timeline => begun.Timeline;

            public ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken) => begun.ReadAsync(isKeyframeWanted, cancellationToken);

            public ValueTask DisposeAsync() => begun.DisposeAsync();
        }
    }
}
