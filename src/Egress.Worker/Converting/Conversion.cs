using Roomcast.Egress.Worker.Native;
using Roomcast.Media;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>What came of a conversion.</summary>
/// <param name="Duration">From the first frame to the end of the last.</param>
/// <param name="HasSound">Whether any sound was decoded.</param>
/// <param name="Damaged">Frames that could not be decoded.</param>
internal sealed record ConversionResult(TimeSpan Duration, bool HasSound, long Damaged);

/// <summary>Reads a recording once, decodes it, and makes all that is wanted of it.</summary>
/// <remarks>Its memory does not grow with the recording, but for a few bytes for each keyframe.</remarks>
internal sealed class Conversion : IDisposable
{
    private readonly ConversionOrder _order;
    private readonly Action _progress;
    private readonly PictureReader _pictures;
    private readonly SoundReader _sounds;
    private WebMOutput? _webm;
    private FragmentsOutput? _fragments;
    private Mp3Output? _mp3;
    private TimeSpan? _start;
    private TimeSpan _end;

    private Conversion(ConversionOrder order, Action progress)
    {
        (_order, _progress) = (order, progress);
        _pictures = new PictureReader((picture, at) => _webm?.Encode(picture, at));
        _sounds = new SoundReader(Take);
    }

    /// <summary>Looks whether all is there that an order takes.</summary>
    /// <exception cref="CodecLibraryException">It is not.</exception>
    public static void Check(ConversionOrder order)
    {
        CodecLibraries.Need();
        foreach (var encoder in order.Encoders)
        {
            if (!AvCodecContext.HasEncoder(encoder))
            {
                throw new CodecLibraryException($"The installed libavcodec has no {encoder}; this recording needs it.");
            }
        }
    }

    /// <summary>Converts.</summary>
    /// <param name="order">What is wanted; with a source.</param>
    /// <param name="progress">Called for each step: some thousands of them are some seconds of work.</param>
    /// <exception cref="ConversionException">The recording cannot be converted.</exception>
    /// <exception cref="NoRoomException">The disk is full.</exception>
    /// <exception cref="CodecLibraryException">The libraries do not do what they should.</exception>
    public static ConversionResult Run(ConversionOrder order, Action progress)
    {
        Check(order);
        using var source = new FileStream(order.Source!, new FileStreamOptions { Share = FileShare.ReadWrite, BufferSize = 0 });
        var recorded = Mp4RecordedFile.Read(source, progress);
        using var conversion = new Conversion(order, progress);
        return conversion.Run(recorded);
    }

    public void Dispose()
    {
        _webm?.Dispose();
        _fragments?.Dispose();
        _mp3?.Dispose();
        _pictures.Dispose();
        _sounds.Dispose();
    }

    private ConversionResult Run(Mp4RecordedFile recorded)
    {
        var tracks = recorded.Tracks.Select(static track => track.TryToTrack(out var made, out _) ? made : null).OfType<Track>().ToList();
        var picture = tracks.Find(static track => track.Kind is TrackKind.Video);
        var sound = tracks.Find(static track => track.Kind is TrackKind.Audio);
        if (recorded.FragmentCount == 0 || (picture is null && sound is null))
        {
            throw new ConversionException("Nothing was recorded.");
        }

        foreach (var fragment in recorded.ReadFragments())
        {
            _start ??= FirstTime(fragment);
            Open(picture, sound);
            Take(fragment, picture, sound);
            _webm?.Advance(_end);
        }

        _pictures.Finish();
        _webm?.Finish(_end);
        _fragments?.Finish();
        _mp3?.Finish();
        return new ConversionResult(_end - _start!.Value, _sounds.SampleRateHz > 0, _pictures.Damaged + _sounds.Damaged);
    }

    private void Open(Track? picture, Track? sound)
    {
        if (_order.WebMPath is { } webm && _webm is null)
        {
            _webm = new WebMOutput(
                webm, _order, picture ?? throw new ConversionException("No picture was recorded."), sound?.SampleRateHz ?? 0, _start!.Value);
        }

        if (_order.FragmentsPath is { } fragments && sound is not null)
        {
            _fragments ??= new FragmentsOutput(fragments, _order, sound);
        }

        if (_order.Mp3Path is { } mp3 && sound is not null)
        {
            _mp3 ??= new Mp3Output(mp3, _order, sound.SampleRateHz);
        }
    }

    private static TimeSpan FirstTime(Mp4RecordedFragment fragment) => fragment.Samples
        .Select(sample => TimeOf(sample.PresentationTime, TrackOf(fragment, sample.TrackNumber).TimescaleHz)).DefaultIfEmpty().Min();

    private static TimeSpan TimeOf(long time, int timescaleHz) => MediaTime.FromTimescale(time, timescaleHz).SinceStart;

    private static Mp4Track TrackOf(Mp4RecordedFragment fragment, int number) => fragment.Tracks.First(track => track.TrackNumber == number);

    private void Take(Mp4RecordedFragment fragment, Track? picture, Track? sound)
    {
        var now = new Dictionary<int, Track?>();
        foreach (var sample in fragment.Samples)
        {
            var described = TrackOf(fragment, sample.TrackNumber);
            if (!now.TryGetValue(sample.TrackNumber, out var track))
            {
                // Of several of a kind the first is what was composed.
                track = described.TryToTrack(out var made, out _) && (made.Id == picture?.Id || made.Id == sound?.Id) ? made : null;
                now[sample.TrackNumber] = track;
            }

            if (track is null)
            {
                continue;
            }

            var end = TimeOf(sample.PresentationTime + sample.Duration, described.TimescaleHz);
            _end = end > _end ? end : _end;
            var payload = fragment.Bytes.Span.Slice(sample.Offset, sample.Length);
            if (track.Kind is TrackKind.Audio)
            {
                _sounds.Take(track, MediaTime.FromTimescale(sample.PresentationTime, described.TimescaleHz).ToTimescale(track.SampleRateHz), payload);
            }
            else if (_webm is not null)
            {
                _pictures.Take(track, described.TimescaleHz, sample.PresentationTime, sample.IsSync, payload);
            }

            _progress();
        }

        _fragments?.Write(fragment, now.Values.FirstOrDefault(static track => track?.Kind is TrackKind.Video));
    }

    private void Take(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        _webm?.Encode(left, right, _sounds.Start);
        _fragments?.Encode(left, right, _sounds.Start);
        _mp3?.Encode(left, right);
        _progress(); // Where there was no sound for long, there are many of these for one frame.
    }
}
