namespace Roomcast.Client.Media;

/// <summary>A file to be published, whatever it is: IVF, Ogg, WebM by this package's own readers, everything else by FFmpeg where it is present.</summary>
/// <remarks>What is in a file is told by its first bytes, not by its name. Pictures and sound stand on one timeline, and keep together.</remarks>
public sealed class MediaFile : IAsyncDisposable
{
    private MediaFile(IVideoSource? video, IAudioSource? audio)
    {
        Video = video;
        Audio = audio;
    }

    /// <summary>Its pictures; null when it has none.</summary>
    public IVideoSource? Video { get; }

    /// <summary>Its sound; null when it has none.</summary>
    public IAudioSource? Audio { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="repeats">Whether it begins anew when it is over.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidDataException">It is damaged, or holds nothing that can be sent.</exception>
    /// <exception cref="FfmpegException">FFmpeg would be needed and is missing, or cannot read it either.</exception>
    public static async Task<MediaFile> OpenAsync(string path, bool repeats = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var start = new byte[4];
        await using (var file = File.OpenRead(path))
        {
            await file.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        }

        if (start.AsSpan().SequenceEqual("DKIF"u8))
        {
            return new MediaFile(await IvfVideoSource.OpenAsync(path, repeats, cancellationToken).ConfigureAwait(false), null);
        }

        if (start.AsSpan().SequenceEqual("OggS"u8))
        {
            return new MediaFile(null, await OggAudioSource.OpenAsync(path, repeats, cancellationToken).ConfigureAwait(false));
        }

        if (start is [0x1A, 0x45, 0xDF, 0xA3] && await OpenWebMAsync(path, repeats, cancellationToken).ConfigureAwait(false) is { } webM)
        {
            return webM;
        }

        return await OpenByFfmpegAsync(Path.GetFullPath(path), repeats, cancellationToken).ConfigureAwait(false);
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
    }

    // Null when it is of other codecs, as Matroska often is.
    private static async Task<MediaFile?> OpenWebMAsync(string path, bool repeats, CancellationToken cancellationToken)
    {
        WebMVideoSource? video = null;
        WebMAudioSource? audio = null;
        try
        {
            video = await WebMVideoSource.OpenAsync(path, repeats, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException)
        {
            // Its sound may be of use.
        }

        try
        {
            audio = await WebMAudioSource.OpenAsync(path, repeats, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException) when (video is not null)
        {
            // It has none.
        }
        catch (InvalidDataException)
        {
            return null;
        }

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

    private static async Task<MediaFile> OpenByFfmpegAsync(string path, bool repeats, CancellationToken cancellationToken)
    {
        var timeline = new MediaTimeline();
        var video = await FirstAsync<IVideoSource>(new FfmpegVideoSource(path, repeats) { Timeline = timeline }, static source => new Begun.Video(source), cancellationToken).ConfigureAwait(false);
        (IAudioSource? Source, FfmpegException? Fault) audio;
        try
        {
            audio = await FirstAsync<IAudioSource>(new FfmpegAudioSource(path, repeats) { Timeline = timeline }, static source => new Begun.Audio(source), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            if (video.Source is IAsyncDisposable begun)
            {
                await begun.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }

        return (video.Source ?? (object?)audio.Source) is null
            ? throw video.Fault ?? audio.Fault!
            : new MediaFile(video.Source, audio.Source);
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
