using Roomcast.Media.Codecs;
using Roomcast.Media.Codecs.H264;
using Roomcast.Media.Codecs.NalUnits;
using Roomcast.Media.Time;

namespace Roomcast.Media.Tests.Containers;

/// <summary>Reads a file of H.264 with start codes, one slice to a picture and a delimiter in front of each, at 25 fps.</summary>
internal static class AnnexBFile
{
    public static (Track Track, List<Frame> Frames) Read(string path)
    {
        var units = new List<byte[]>();
        var reader = new AnnexBReader(File.ReadAllBytes(path));
        while (reader.TryRead(out var nalUnit))
        {
            units.Add(nalUnit.ToArray());
        }

        Assert.True(AvcConfiguration.TryBuild(
            [units.First(unit => AvcNalUnit.TypeOf(unit) is AvcNalUnitType.SequenceParameterSet)],
            [units.First(unit => AvcNalUnit.TypeOf(unit) is AvcNalUnitType.PictureParameterSet)],
            out var configuration,
            out _));
        Assert.True(TrackFactory.TryCreate(0, Codec.H264, configuration.Bytes, out var track, out _));

        var frames = new List<Frame>();
        var picture = new List<byte[]>();
        foreach (var unit in units)
        {
            if (AvcNalUnit.TypeOf(unit) is AvcNalUnitType.AccessUnitDelimiter && picture.Count > 0)
            {
                frames.Add(ToFrame(picture, frames.Count));
                picture.Clear();
            }

            picture.Add(unit);
        }

        frames.Add(ToFrame(picture, frames.Count));
        return (track, frames);
    }

    private static Frame ToFrame(List<byte[]> units, int index)
    {
        byte[] stream = [.. units.SelectMany(unit => (byte[])[0, 0, 1, .. unit])];
        var prefixed = new byte[AnnexB.LengthPrefixedLength(stream)];
        Assert.Equal(prefixed.Length, AnnexB.ToLengthPrefixed(stream, prefixed));

        var payload = new byte[prefixed.Length];
        Assert.True(H264AccessUnit.TryCopyWithoutDelimiters(prefixed, 4, payload, out var length));
        Assert.True(H264AccessUnit.TryInspect(payload.AsSpan(0, length), 4, out var unit));
        Assert.False(unit.HasAccessUnitDelimiter);

        var time = MediaTime.FromTimescale(index, 25);
        return Frame.CopyOf(0, time, time, TimeSpan.Zero, unit.IsKeyframe, payload.AsSpan(0, length));
    }
}
