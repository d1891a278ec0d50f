using System.Buffers;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.Aac;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>Writes a recording's fragments again: the picture byte for byte at its times, the sound encoded anew as AAC. Owned by one thread.</summary>
internal sealed class FragmentsOutput : IDisposable
{
    private const int FrameSamples = 1_024;

    private readonly OutputFile _file;
    private readonly SoundEncoding _sound;
    private readonly Track _soundTrack;
    private readonly List<Frame> _sounds = [];
    private readonly int _sampleRateHz;
    private Track? _picture;
    private bool _needsInit = true;
    private uint _sequenceNumber;
    private long _soundStart;
    private long _soundTime;

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where it goes.</param>
    /// <param name="order">What is wanted.</param>
    /// <param name="track">The sound that is recorded.</param>
    public FragmentsOutput(string path, ConversionOrder order, Track track)
    {
        _sampleRateHz = track.SampleRateHz;
        var channels = order.IsMono ? 1 : 2;
        var configuration = AacConfiguration.BuildLowComplexity(_sampleRateHz, channels);
        _soundTrack = TrackFactory.TryCreate(track.Id, Codec.Aac, configuration.Bytes, out var made, out var fault)
            ? made
            : throw new ConversionException($"The recording's sound cannot be encoded anew ({fault}).");
        _file = new OutputFile(path, order.MinFreeBytes);
        _sound = new SoundEncoding(SoundEncoding.Aac, _sampleRateHz, channels, order.AudioBitrateBps, Take);
    }

    /// <summary>Encodes samples.</summary>
    /// <param name="left">The left channel.</param>
    /// <param name="right">The right one.</param>
    /// <param name="start">When the first sample of all is heard.</param>
    public void Encode(ReadOnlySpan<float> left, ReadOnlySpan<float> right, TimeSpan start)
    {
        _soundStart = new MediaTime(start.Ticks).ToTimescale(_sampleRateHz);
        _sound.Encode(left, right);
    }

    /// <summary>Writes the pictures of a fragment, and the sound that is ready.</summary>
    /// <param name="fragment">The fragment.</param>
    /// <param name="picture">Its picture's track; null where it has none.</param>
    public void Write(Mp4RecordedFragment fragment, Track? picture)
    {
        if (picture is not null && (_picture is null || !picture.IsSameFormatAs(_picture)))
        {
            (_picture, _needsInit) = (picture, true);
        }

        var samples = new List<Mp4Sample>();
        long firstTime = 0;
        try
        {
            foreach (var sample in fragment.Samples)
            {
                if (picture is not null && sample.TrackNumber == Mp4InitSection.TrackNumberOf(picture.Id))
                {
                    firstTime = samples.Count == 0 ? sample.DecodeTime : firstTime;
                    var frame = Frame.CopyOf(
                        picture.Id, default, default, default, sample.IsSync, fragment.Bytes.Span.Slice(sample.Offset, sample.Length));
                    samples.Add(new Mp4Sample(frame, (int)Math.Min(sample.Duration, int.MaxValue), sample.CompositionOffset));
                }
            }

            Write(samples.Count > 0 ? new Mp4TrackRun(picture!.Id, firstTime, samples.ToArray()) : null);
        }
        finally
        {
            samples.ForEach(static sample => sample.Frame.Release());
        }
    }

    /// <summary>Ends the file.</summary>
    public void Finish()
    {
        _sound.Finish();
        Write(null);
        _file.Finish([]);
    }

    public void Dispose()
    {
        _sounds.ForEach(static frame => frame.Release());
        _sound.Dispose();
        _file.Dispose();
    }

    // The encoder begins with a unit that decodes to what was before the first sample: its delay. Its time is below zero.
    private void Take(long time, ReadOnlySpan<byte> payload)
    {
        if (time < 0)
        {
            return;
        }

        if (_sounds.Count == 0)
        {
            _soundTime = _soundStart + time;
        }

        _sounds.Add(Frame.CopyOf(_soundTrack.Id, default, default, default, isKeyframe: true, payload));
    }

    private void Write(Mp4TrackRun? pictures)
    {
        var runs = new List<Mp4TrackRun>();
        if (pictures is { } run)
        {
            runs.Add(run);
        }

        if (_sounds.Count > 0)
        {
            runs.Add(new Mp4TrackRun(
                _soundTrack.Id, _soundTime, _sounds.Select(static frame => new Mp4Sample(frame, FrameSamples, 0)).ToArray()));
        }

        if (runs.Count == 0)
        {
            return;
        }

        if (_needsInit)
        {
            _file.Output.Write(Mp4InitSection.Write(_picture is null ? [_soundTrack] : [_picture, _soundTrack]));
            _needsInit = false;
        }

        Mp4FragmentWriter.Write(_file.Output, ++_sequenceNumber, [.. runs]);
        _sounds.ForEach(static frame => frame.Release());
        _sounds.Clear();
        _file.Flush();
    }
}
