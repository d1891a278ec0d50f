using Roomcast.Egress.Worker.Native;
using Roomcast.Media;
using Roomcast.Media.Containers.WebM;
using Roomcast.Media.Time;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>Writes picture and sound as a WebM file. Owned by one thread.</summary>
internal sealed class WebMOutput : IDisposable
{
    // Encoders of sound hold back some hundredths of a second; both wait for each other, to stand in the file in the order of their times.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _start;
    private readonly OutputFile _file;
    private readonly PictureWriter _pictures;
    private readonly SoundEncoding? _sound;
    private readonly WebMMovieWriter _writer;
    private readonly List<Waiting> _waiting = [];
    private TimeSpan _soundStart;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where it goes.</param>
    /// <param name="order">What is wanted.</param>
    /// <param name="picture">The picture that is recorded.</param>
    /// <param name="sampleRateHz">Samples of the sound per second; 0 where there is none.</param>
    /// <param name="start">The time of the recording that the file begins with.</param>
    public WebMOutput(string path, ConversionOrder order, Track picture, int sampleRateHz, TimeSpan start)
    {
        _start = start;
        _file = new OutputFile(path, order.MinFreeBytes);
        _pictures = new PictureWriter(order, picture.Width, picture.Height, (at, isKeyframe, payload) => Keep(true, at, isKeyframe, payload));
        if (sampleRateHz > 0)
        {
            _sound = new SoundEncoding(
                SoundEncoding.Vorbis, sampleRateHz, order.IsMono ? 1 : 2, order.AudioBitrateBps, (time, payload) => Keep(
                    false, _soundStart + MediaTime.FromTimescale(time, sampleRateHz).SinceStart, isKeyframe: true, payload));
        }

        _writer = new WebMMovieWriter(
            _file.Output,
            new WebMPicture(order.IsVp9, picture.Width, picture.Height, order.FrameRate),
            _sound is null ? null : new WebMSound(sampleRateHz, order.IsMono ? 1 : 2, _sound.Headers));
    }

    public void Encode(AvFrame picture, TimeSpan at) => _pictures.Encode(picture, at);

    /// <summary>Encodes samples.</summary>
    /// <param name="left">The left channel.</param>
    /// <param name="right">The right one.</param>
    /// <param name="start">When the first sample of all is heard.</param>
    public void Encode(ReadOnlySpan<float> left, ReadOnlySpan<float> right, TimeSpan start)
    {
        _soundStart = start;
        _sound!.Encode(left, right);
    }

    /// <summary>Writes what nothing that is still to come stands before.</summary>
    /// <param name="now">The time that has been read to.</param>
    public void Advance(TimeSpan now) => Write(now - _start - Patience);

    /// <summary>Ends the file.</summary>
    /// <param name="end">When the last picture or sound ends.</param>
    /// <exception cref="ConversionException">There is no picture in it.</exception>
    public void Finish(TimeSpan end)
    {
        _sound?.Finish();
        Write(TimeSpan.MaxValue);
        if (_pictures.Count == 0)
        {
            throw new ConversionException("The recording's picture cannot be decoded.");
        }

        var front = _writer.Finish(end - _start);
        _file.Finish(front);
    }

    public void Dispose()
    {
        _sound?.Dispose();
        _pictures.Dispose();
        _file.Dispose();
    }

    // What Vorbis needs before its first sample has a time before it, and there is no time before the beginning of a file.
    private void Keep(bool isPicture, TimeSpan at, bool isKeyframe, ReadOnlySpan<byte> payload) =>
        _waiting.Add(new Waiting(at < _start ? TimeSpan.Zero : at - _start, isPicture, isKeyframe, payload.ToArray()));

    private void Write(TimeSpan until)
    {
        // Those of one time stay in the order in which they came.
        foreach (var one in _waiting.Where(one => one.At <= until).OrderBy(static one => one.At))
        {
            _writer.Add(one.IsPicture, one.At, one.IsKeyframe, one.Payload);
            _file.Flush();
        }

        _waiting.RemoveAll(one => one.At <= until);
    }

    private sealed record Waiting(TimeSpan At, bool IsPicture, bool IsKeyframe, byte[] Payload);
}
