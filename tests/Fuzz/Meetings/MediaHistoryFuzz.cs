using System.IO.Compression;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.RealtimeKit.Rest.Sessions;

namespace Roomcast.Fuzz.Meetings;

/// <summary>Figures of peers as a damaged disk, or another version of the server, may hand them back.</summary>
public sealed class MediaHistoryFuzz
{
    private const byte Form = 1;

    [Fact]
    public void Bytes_are_read_or_refused() => FuzzRun.Of("media-history", [Bytes()], bytes => Check(MediaHistoryBytes.TryRead(bytes)));

    // Behind the compression, which hardly any mutated input would pass.
    [Fact]
    public void What_was_compressed_is_read_or_refused() => FuzzRun.Of("media-history-plain", [Plain(Bytes())], plain => Check(MediaHistoryBytes.TryRead(Packed(plain))));

    [Fact]
    public void More_than_a_history_can_hold_is_refused_before_it_is_all_unpacked()
    {
        var bomb = Packed(new byte[64 << 20]);
        Assert.InRange(bomb.Length, 1, 1 << 16);
        Assert.Null(MediaHistoryBytes.TryRead(bomb));
    }

    private static void Check(MediaHistory? history)
    {
        if (history is null)
        {
            return;
        }

        Assert.InRange(history.Tracks.Count, 0, MediaHistory.MaxTracks);
        Assert.InRange(history.Samples.Count, 0, MediaHistory.MaxSamples);
        Assert.All(history.Samples, sample => Assert.All(sample.Sent.Select(one => one.Track).Concat(sample.Received.Select(one => one.Track)), track => Assert.InRange(track, 0, history.Tracks.Count - 1)));
        PeerQuality.Of(history);
        var again = MediaHistoryBytes.TryRead(MediaHistoryBytes.Write(history));
        Assert.Equal(history.Samples.Count, again!.Samples.Count);
    }

    private static byte[] Bytes()
    {
        var history = new MediaHistory();
        var at = DateTimeOffset.FromUnixTimeMilliseconds(1_780_000_000_000);
        for (var i = 1; i <= 5; i++)
        {
            history.Add(
                at.AddSeconds(10 * i),
                new PeerMediaFigures(
                    "peer",
                    [new TransportFigures("t", TransportDirection.ToPeer, true, i % 2 == 0, 900_000 * i, TimeSpan.FromMilliseconds(40 + i))],
                    [new ProducerFigures("mic", MediaKind.Audio, 48_000, 500 * i, 3 * i, TimeSpan.FromMilliseconds(2), [])],
                    [new ConsumerFigures("cam", MediaKind.Video, 700_000, 900 * i, 18 * i, i, TimeSpan.FromMilliseconds(5), "h", false, i)]),
                _ => null);
        }

        return MediaHistoryBytes.Write(history);
    }

    private static byte[] Plain(byte[] bytes)
    {
        using var packed = new BrotliStream(new MemoryStream(bytes, 1, bytes.Length - 1), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        packed.CopyTo(plain);
        return plain.ToArray();
    }

    private static byte[] Packed(byte[] plain)
    {
        using var output = new MemoryStream();
        output.WriteByte(Form);
        using (var packed = new BrotliStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            packed.Write(plain);
        }

        return output.ToArray();
    }
}
