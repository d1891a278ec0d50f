using System.IO.Compression;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;

namespace Roomcast.Meetings.Tests.History;

public sealed class MediaHistoryTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_780_000_000_000);

    private static Gen<PeerMediaFigures> Figures =>
        from producers in Gen.Choose(0, 3)
        from consumers in Gen.Choose(0, 5)
        from numbers in Gen.Choose(0, 2_000_000).ArrayOf(16)
        from roundTrip in Gen.Choose(-1, 500)
        select new PeerMediaFigures(
            "peer",
            [new TransportFigures("t", TransportDirection.ToPeer, true, numbers[0] % 2 == 0, numbers[1], roundTrip < 0 ? null : TimeSpan.FromMilliseconds(roundTrip))],
            [.. Enumerable.Range(0, producers).Select(i => new ProducerFigures(
                $"p{i}", i == 0 ? MediaKind.Audio : MediaKind.Video, numbers[i], numbers[i + 1], numbers[i + 2] / 100, TimeSpan.FromMicroseconds(numbers[i + 3]), [])
            {
                Mid = $"{i}", Totals = TotalsOf(numbers, i, isVideo: i > 0),
            })],
            [.. Enumerable.Range(0, consumers).Select(i => new ConsumerFigures(
                $"c{i}", MediaKind.Video, numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3], TimeSpan.FromMicroseconds(numbers[i + 4]), null, i % 2 == 0, numbers[i + 5] / 1_000)
            {
                Mid = $"{i}", Totals = TotalsOf(numbers, i + 3, isVideo: true),
            })]);

    // Of sound nothing is told of pictures. A source may be any number, and change.
    private static TrackTotals TotalsOf(int[] numbers, int i, bool isVideo) => new(
        unchecked((uint)numbers[i] * 4_000),
        numbers[i + 1] * 10_000L,
        isVideo ? new PictureFigures(numbers[i + 2], numbers[i + 3] / 100, numbers[i + 4] % 4_096, numbers[i + 5] % 2_160, numbers[i + 6], numbers[i + 7]) : default);

    [Fact]
    public void What_is_written_is_read_again()
    {
        foreach (var figures in Figures.ListOf().Resize(40).Sample(40, 40))
        {
            var history = Of(figures);
            var read = MediaHistoryBytes.TryRead(MediaHistoryBytes.Write(history))!;
            Assert.Equal(history.Interval, read.Interval);
            Assert.Equal(history.Tracks, read.Tracks);
            Assert.Equal(history.Samples.Count, read.Samples.Count);
            foreach (var (one, other) in history.Samples.Zip(read.Samples))
            {
                Assert.Equal((one.At, one.RoundTripMs, one.EstimatedBps, one.IsTcp), (other.At, other.RoundTripMs, other.EstimatedBps, other.IsTcp));
                Assert.Equal(one.Sent, other.Sent);
                Assert.Equal(one.Received, other.Received);
            }
        }
    }

    [Fact]
    public void The_first_form_is_read_with_the_losses_its_shares_come_to()
    {
        using var bytes = new MemoryStream();
        bytes.WriteByte(1);
        using (var packed = new BrotliStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        using (var writer = new BinaryWriter(packed))
        {
            writer.Write7BitEncodedInt64(10_000);
            writer.Write7BitEncodedInt(1);
            writer.Write("cam");
            writer.Write("another");
            writer.Write((byte)1);
            writer.Write7BitEncodedInt(2);
            for (var i = 0; i < 2; i++)
            {
                writer.Write7BitEncodedInt64(i == 0 ? Start.ToUnixTimeMilliseconds() : 10_000);
                writer.Write7BitEncodedInt64(31);
                writer.Write7BitEncodedInt64(500_000);
                writer.Write(false);
                writer.Write7BitEncodedInt(0);
                writer.Write7BitEncodedInt(1);
                writer.Write7BitEncodedInt(0);
                writer.Write7BitEncodedInt64(400_000);
                writer.Write7BitEncodedInt64(2_000); // 1,000 packets more, zigzag.
                writer.Write7BitEncodedInt64(14); // 7 repeated.
                writer.Write7BitEncodedInt(20 * (i + 1)); // Of a thousand.
                writer.Write7BitEncodedInt64(1_500);
                writer.Write7BitEncodedInt64(0);
                writer.Write(false);
            }
        }

        var read = MediaHistoryBytes.TryRead(bytes.ToArray())!;
        Assert.Equal(
            [new ReceivedSample(0, 400_000, 1_000, 20, 7, 1_500, 0, false), new ReceivedSample(0, 400_000, 2_000, 60, 14, 1_500, 0, false)],
            read.Samples.SelectMany(sample => sample.Received));
        Assert.Equal(Start.AddSeconds(10), read.Samples[1].At);
        Assert.Equal(30, read.Samples[0].RoundTripMs);
    }

    [Fact]
    public void Bytes_that_were_cut_or_changed_are_read_as_nothing_or_as_a_history()
    {
        var bytes = MediaHistoryBytes.Write(Of([.. Figures.Sample(40, 30)]));
        for (var length = 0; length < bytes.Length; length++)
        {
            MediaHistoryBytes.TryRead(bytes[..length]);
        }

        foreach (var (at, value) in Gen.Choose(0, bytes.Length - 1).Zip(Gen.Choose(0, 255)).Sample(0, 2_000))
        {
            var changed = bytes.ToArray();
            changed[at] = (byte)value;
            MediaHistoryBytes.TryRead(changed);
        }
    }

    [Fact]
    public void A_long_meeting_is_kept_whole_in_less_detail_and_in_few_bytes()
    {
        var history = new MediaHistory();
        var figures = Enumerable.Range(0, 8).Select(i => new ConsumerFigures(
            $"c{i}", MediaKind.Video, 900_000, 0, 0, 0, TimeSpan.FromMilliseconds(3), null, false, 0)).ToArray();
        var (at, count) = (Start, 0);
        for (; at < Start.AddHours(12); at += TimeSpan.FromSeconds(10), count += 900)
        {
            var now = count;
            history.Add(at, new PeerMediaFigures("peer", [], [], [.. figures.Select(one => one with { PacketsExpected = now, PacketsLost = now / 100 })]), _ => null);
        }

        Assert.InRange(history.Samples.Count, MediaHistory.MaxSamples / 2, MediaHistory.MaxSamples);
        Assert.Equal((Start, at.AddSeconds(-10)), (history.Samples[0].At, history.Samples[^1].At));
        Assert.InRange(MediaHistoryBytes.Write(history).Length, 1, 40_000);
    }

    [Fact]
    public void Two_halves_make_the_same_as_the_whole()
    {
        var figures = Figures.Sample(40, 60).ToArray();
        var whole = Of(figures);
        var first = Of(figures[..25]);
        first.Append(Of(figures[25..], Start.AddSeconds(250)));
        Assert.Equal(whole.Samples.Select(sample => (sample.At, sample.Sent.Count, sample.Received.Count)), first.Samples.Select(sample => (sample.At, sample.Sent.Count, sample.Received.Count)));
    }

    [Fact]
    public void Samples_come_no_closer_than_the_interval_but_for_the_last()
    {
        var history = new MediaHistory();
        for (var second = 0; second < 95; second++)
        {
            history.Add(Start.AddSeconds(second), new PeerMediaFigures("peer", [], [], []), _ => null);
        }

        Assert.Equal([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 94], history.Samples.Select(sample => (int)(sample.At - Start).TotalSeconds));
    }

    /// <summary>One is stamped late, as measuring took long: the next seems early, and neither it nor the one after it is lost.</summary>
    [Fact]
    public void A_sample_that_comes_a_little_early_is_kept()
    {
        var history = new MediaHistory();
        int[] milliseconds = [300, 10_100, 20_200, 29_900, 40_800, 50_000, 60_100];
        foreach (var after in milliseconds)
        {
            history.Add(Start.AddMilliseconds(after), new PeerMediaFigures("peer", [], [], []), _ => null);
        }

        Assert.Equal(milliseconds, history.Samples.Select(sample => (int)(sample.At - Start).TotalMilliseconds));
    }

    [Fact]
    public void A_track_that_ended_is_kept_with_what_it_came_to_and_when_that_was()
    {
        var history = new MediaHistory();
        history.Add(Start, With(Producer(100), ended: null), _ => null);
        history.Add(Start.AddSeconds(10), With(null, Ended(250, agoSeconds: 4)), _ => null);
        var read = MediaHistoryBytes.TryRead(MediaHistoryBytes.Write(history))!;
        var last = Assert.Single(read.Samples[1].Sent);
        Assert.Equal((250, 4_000), (last.Packets, last.AgeMs));
        Assert.Equal("screen", read.Tracks[last.Track].ProducerId);
        Assert.True(read.Tracks[last.Track].IsScreenShare);
    }

    /// <summary>Another sample takes the place of one that came too soon, and half of many samples are left out: with neither goes the end of a track.</summary>
    [Fact]
    public void The_end_of_a_track_outlives_the_sample_that_told_it()
    {
        var history = new MediaHistory();
        history.Add(Start, With(Producer(100), ended: null), _ => null);
        history.Add(Start.AddSeconds(3), With(Producer(130), ended: null), _ => null);
        history.Add(Start.AddSeconds(5), With(null, ended: null), _ => null);
        Assert.Equal([(100, 0), (130, 2_000)], Ends());

        for (var seconds = 20; seconds < 20_000; seconds += 10)
        {
            history.Add(Start.AddSeconds(seconds), With(null, ended: null), _ => null);
        }

        var (sample, sent) = history.Samples.SelectMany(sample => sample.Sent.Select(sent => (sample, sent))).Last();
        Assert.Equal((130, Start.AddSeconds(3)), (sent.Packets, sample.At.AddMilliseconds(-sent.AgeMs)));

        IEnumerable<(long, int)> Ends() => history.Samples.SelectMany(sample => sample.Sent).Select(sent => (sent.Packets, sent.AgeMs));
    }

    private static PeerMediaFigures With(ProducerFigures? producer, EndedProducer? ended) =>
        new("peer", [], producer is null ? [] : [producer], []) { EndedProducers = ended is null ? [] : [ended] };

    private static ProducerFigures Producer(long packets) => new("camera", MediaKind.Video, 1, packets, 0, TimeSpan.Zero, []);

    private static EndedProducer Ended(long packets, int agoSeconds) => new(
        new MediaProducer("screen", "peer", MediaKind.Video, false, IsScreenShare: true, "", "t", "", ""),
        Producer(packets) with { ProducerId = "screen" },
        TimeSpan.FromSeconds(agoSeconds));

    private static MediaHistory Of(IReadOnlyList<PeerMediaFigures> figures, DateTimeOffset? start = null)
    {
        var history = new MediaHistory();
        for (var i = 0; i < figures.Count; i++)
        {
            history.Add((start ?? Start).AddSeconds(10 * i), figures[i], _ => null);
        }

        return history;
    }
}
