using System.Buffers;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Id3;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Media.Time;
using Roomcast.TestKit;

namespace Roomcast.Fuzz.Media;

public sealed class Mp4RecordedFileFuzz
{
    [Fact]
    public void No_file_breaks_the_repair()
    {
        FuzzRun.Of("mp4-recorded", [Recording(1), Recording(40)], bytes =>
        {
            using var file = new MemoryStream(bytes.ToArray(), writable: false);
            var recorded = Mp4RecordedFile.Read(file);
            Assert.InRange(recorded.Length, 0, file.Length);
            Assert.Equal(recorded.FragmentCount == 0, recorded.Length == 0);
            Mp4ProgressiveFile.Write(recorded, file, Stream.Null);
            Mp4ProgressiveFile.Write(recorded, file, Stream.Null, Mp4Selection.Sound);
            var segments = Mp4SegmentedFile.Measure(recorded, recorded, TimeSpan.FromSeconds(1));
            using var output = new MemoryStream();
            segments.Write(file, output, _ => { });
            Assert.Equal(segments.Segments.Sum(segment => segment.Length), output.Length);
        });
    }

    [Fact]
    public void No_box_breaks_the_reader_of_messages()
    {
        var message = new ArrayBufferWriter<byte>();
        new Mp4EventMessage { Scheme = Mp4EventMessage.Id3Scheme, TimescaleHz = 90_000, Time = 1, Id = 1, Data = Id3Tag.OfText("ID3"u8, "{}"u8) }.Write(message);
        FuzzRun.Of("mp4-event-message", [message.WrittenSpan[8..].ToArray()], bytes =>
        {
            if (Mp4EventMessage.TryRead(bytes, out var read) is Mp4ReadStatus.Done)
            {
                var again = new ArrayBufferWriter<byte>();
                read.Write(again);
                Assert.Equal(bytes[4..], again.WrittenSpan[12..].ToArray());
            }
        });
    }

    private static byte[] Recording(int frames)
    {
        var output = new ArrayBufferWriter<byte>();
        using var recorder = new Mp4Recorder(output, TimeSpan.FromMilliseconds(200), cutsAtKeyframes: true) { WallClock = DateTimeOffset.UnixEpoch };
        recorder.SetTracks([TrackOf(0, Codec.H264, CodecSamples.AvcHigh), TrackOf(1, Codec.Aac, CodecSamples.AacLowComplexity)]);
        for (var i = 0; i < frames; i++)
        {
            foreach (var track in new[] { 0, 1 })
            {
                var time = new MediaTime(i * TimeSpan.TicksPerMillisecond * 33);
                var frame = Frame.CopyOf(track, time, time, TimeSpan.Zero, isKeyframe: i % 10 == 0 || track == 1, [1, 2, 3, (byte)i]);
                recorder.Add(frame);
                frame.Release();
            }

            if (i % 8 == 7)
            {
                recorder.AddMessage(new MediaTime(i * TimeSpan.TicksPerMillisecond * 33).SinceStart, [1, 2, 3]);
            }
        }

        recorder.Close();
        return output.WrittenSpan.ToArray();
    }

    private static Track TrackOf(int id, Codec codec, byte[] configuration) =>
        TrackFactory.TryCreate(id, codec, configuration, out var track, out var fault)
            ? track
            : throw new InvalidOperationException(fault.ToString());
}
