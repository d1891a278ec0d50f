using Roomcast.Hls.Segmenting;
using Roomcast.Media;
using Roomcast.Media.Containers.Mp4;

namespace Roomcast.Hls.Packaging;

/// <summary>Packs the samples of a part as one CMAF fragment with a run of each track.</summary>
internal sealed class PartPackager(Track? video, Track? audio)
{
    private readonly Mp4TrackRun[] _runs = new Mp4TrackRun[2];
    private Mp4Sample[] _video = new Mp4Sample[64];
    private Mp4Sample[] _audio = new Mp4Sample[64];
    private uint _sequenceNumber;

    /// <summary>Writes a fragment.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="videoSamples">May be empty, but not both.</param>
    /// <param name="audioSamples">May be empty.</param>
    /// <param name="startsSegment">Whether it is the first of its segment.</param>
    /// <returns>Its length in bytes.</returns>
    public int Write(SegmentMemory output, ReadOnlySpan<Sample> videoSamples, ReadOnlySpan<Sample> audioSamples, bool startsSegment)
    {
        var count = 0;
        if (video is not null && videoSamples.Length > 0)
        {
            _runs[count++] = ToRun(video, videoSamples, ref _video);
        }

        if (audio is not null && audioSamples.Length > 0)
        {
            _runs[count++] = ToRun(audio, audioSamples, ref _audio);
        }

        var length = Mp4FragmentWriter.Write(output, ++_sequenceNumber, _runs.AsSpan(0, count), startsSegment);

        // The frames go back to their pool: what is kept for the next call must not hold them.
        _video.AsSpan(0, videoSamples.Length).Clear();
        _audio.AsSpan(0, audioSamples.Length).Clear();
        return length;
    }

    private static Mp4TrackRun ToRun(Track track, ReadOnlySpan<Sample> samples, ref Mp4Sample[] scratch)
    {
        if (scratch.Length < samples.Length)
        {
            Array.Resize(ref scratch, Math.Max(samples.Length, scratch.Length * 2));
        }

        for (var i = 0; i < samples.Length; i++)
        {
            scratch[i] = new Mp4Sample(samples[i].Frame, (int)Math.Min(samples[i].Duration, int.MaxValue), samples[i].CompositionOffset);
        }

        return new Mp4TrackRun(track.Id, samples[0].DecodeTime, scratch.AsMemory(0, samples.Length));
    }
}
