using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Roomcast.Client.Media;
using Roomcast.Conformance.Running;
using Roomcast.TestKit;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Speech;
using Xunit.Abstractions;

namespace Roomcast.Conformance.Facts;

/// <summary>The report on a peer, beside what an emulated network did to the peer's media.</summary>
public sealed class MeasurementTests(ITestOutputHelper output)
{
    // Lost for good, however often they are repeated. The two have no common factor: wherever the server's numbers begin, the second
    // way loses as large a share of what the first one lost as of the rest.
    private const int OneToServerOf = 20;
    private const int OneToPeersOf = 21;
    private const double OneWay = 1.0 / OneToServerOf;
    private const double BothWays = 1 - ((1 - OneWay) * (1 - (1.0 / OneToPeersOf)));

    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(10);

    private static readonly IPAddress MediaAddress = IPAddress.Parse("127.0.0.6");

    private static readonly NetworkConditions Conditions = new() { Delay = TimeSpan.FromMilliseconds(40), Jitter = TimeSpan.FromMilliseconds(10) };

    /// <summary>
    /// Tolerances: loss 1.5 percent points, since packets are lost by their number; the round trip no less than the delay of both ways
    /// and up to 150 ms more; jitter from three quarters of what the network counted in the seconds before to twice the span it is drawn from; bitrate from that of the payload to half
    /// as much again, for headers. Of the picture every number is held against what the network counted of its packets: how many there
    /// were to a twentieth, and the bits of the half second before each row against those of a shorter and of a longer span, for they are not
    /// as many in each.
    /// </summary>
    [Fact]
    public async Task Loss_round_trip_jitter_and_bitrate_are_those_of_the_network()
    {
        await using var server = await RunningServer.StartAsync("--public-ip", MediaAddress.ToString());
        var (toServer, toPeers) = (new RtpTally(EmulatedRelay.OnePacketOf(OneToServerOf)), new RtpTally(EmulatedRelay.OnePacketOf(OneToPeersOf)));
        await using var network = EmulatedRelay.Start(
            MediaAddress,
            new IPEndPoint(IPAddress.Loopback, server.Process.RtcPort),
            Conditions,
            toServer.Takes,
            toPeers.Takes,
            toServer.Arrives,
            toPeers.Arrives);
        using var folder = new TemporaryFolder();
        var file = await OpusTone.WriteAsync(folder, 440, 4);
        var packets = OpusTone.PacketsOf(file);
        var payloadBps = packets.Sum(packet => packet.Length) * 8 / (packets.Count * 0.02);
        var meeting = $"/meetings/{(string)(await server.PostAsync("/meetings", new { title = "Measured" }))["id"]!}";
        var sound = await OggAudioSource.OpenAsync(file, repeats: true);
        await using var speaker = await server.InitAsync(meeting, "Speaker", change: options => options with { Audio = sound, Video = new TestPatternSource() });

        // The listener speaks too: a round trip is measured by what a peer reports of what it receives, so to the speaker there must come something.
        var other = await OggAudioSource.OpenAsync(file, repeats: true);
        await using var listener = await server.InitAsync(meeting, "Listener", change: options => options with { Audio = other });
        await listener.JoinAsync();
        await speaker.JoinAsync();
        await server.UntilAsync(() => listener.Participants.Joined.ToArray() is [{ AudioTrack.Frames: > 1_500 }], "half a minute was heard");
        await speaker.LeaveAsync();
        await listener.LeaveAsync();

        // What the speaker sent, as the server received it.
        var sent = await QualityAsync(server, speaker.Self.Id, "audio_producer", atLeast: 3);
        AssertLoss(OneWay, sent[^1]!, (long)sent[^1]!["packets_sent"]!);
        var middle = sent[1]!;
        Print($"producer: {middle.ToJsonString()}");
        Assert.InRange((double)middle["rtt"]!, 0.080, 0.250);
        AssertJitter(middle, toServer, 48_000, tellsAfter: 0.5);
        Assert.InRange((double)middle["bitrate"]!, payloadBps * 0.9, payloadBps * 1.5);
        Assert.InRange((double)middle["mos_quality"]!, 1, 4.5);

        // What the listener received, as it reported itself.
        var received = await QualityAsync(server, listener.Self.Id, "audio_consumer", atLeast: 2);
        var last = received[^1]!;
        Print($"consumer: {last.ToJsonString()}");

        // What never reached the server is missing here as well: both ways lose.
        AssertLoss(BothWays, last, (long)last["packets_received"]! + (long)last["packets_lost"]!);
        AssertJitter(received[1]!, toPeers, 48_000, tellsAfter: 5);
        Assert.InRange((double)received[1]!["bitrate"]!, payloadBps * 0.9, payloadBps * 1.5);
        Assert.Equal(speaker.Self.Id, (string)last["peer_id"]!);
        Assert.Equal((string)sent[0]!["producer_id"]!, (string)last["producer_id"]!);

        // The picture, in the same way.
        var filmed = await QualityAsync(server, speaker.Self.Id, "video_producer", atLeast: 3);
        var seen = await QualityAsync(server, listener.Self.Id, "video_consumer", atLeast: 3);
        AssertPicture(filmed, toServer, isSent: false, row => (long)row["packets_sent"]!);
        AssertPicture(seen, toPeers, isSent: true, row => (long)row["packets_received"]! + (long)row["packets_lost"]!);
        Assert.Equal(speaker.Self.Id, (string)seen[^1]!["peer_id"]!);
        Assert.Equal((string)filmed[0]!["producer_id"]!, (string)seen[^1]!["producer_id"]!);
    }

    /// <summary>For a while the network carries less than the pictures need: they stand still, which is counted then and not before.</summary>
    [Fact]
    public async Task A_picture_that_stands_still_for_want_of_bandwidth_is_counted()
    {
        await using var server = await RunningServer.StartAsync("--public-ip", MediaAddress.ToString());
        await using var network = EmulatedRelay.Start(
            MediaAddress, new IPEndPoint(IPAddress.Loopback, server.Process.RtcPort), Conditions, _ => false, _ => false);
        var meeting = $"/meetings/{(string)(await server.PostAsync("/meetings", new { title = "Stands still" }))["id"]!}";
        var camera = new Camera();
        await using var speaker = await server.InitAsync(meeting, "Speaker", change: options => options with { Video = camera });
        await using var viewer = await server.InitAsync(meeting, "Viewer");
        await viewer.JoinAsync();
        await speaker.JoinAsync();
        await server.UntilAsync(() => Frames() > 180, "the picture moved for more than one sample");

        var narrowedAt = TimeProvider.System.GetUtcNow();
        network.ChangeToPeers(Conditions with { RateBps = 30_000, QueueBytes = 6_000 });
        var (standing, since) = (Frames(), TimeProvider.System.GetTimestamp());
        await server.UntilAsync(
            () =>
            {
                (standing, since) = Frames() == standing ? (standing, since) : (Frames(), TimeProvider.System.GetTimestamp());
                return TimeProvider.System.GetElapsedTime(since) > 1.2 * SampleInterval;
            },
            "the picture stood still for more than one sample");
        network.ChangeToPeers(Conditions);
        await server.UntilAsync(() => Frames() > standing + 60, "the picture moved again");
        var movedAt = TimeProvider.System.GetUtcNow();
        await viewer.LeaveAsync();
        await speaker.LeaveAsync();

        var rows = await QualityAsync(server, viewer.Self.Id, "video_consumer", atLeast: 3, movedAt);
        Print($"consumer: {rows.ToJsonString()}");
        var before = rows.Where(row => TimeOf(row!) < narrowedAt).ToArray();
        Assert.NotEmpty(before);
        Assert.All(before, row => Assert.Equal((0, false), ((int)row!["freeze_count"]!, (bool)row["is_starved"]!)));
        Assert.Contains(rows, row => (bool)row!["is_starved"]!);

        // Now and then the server tries whether there is room again, so the picture may move in between.
        var narrow = (movedAt - narrowedAt).TotalSeconds;
        Assert.InRange((int)rows[^1]!["freeze_count"]!, 1, narrow);
        var filmed = (camera.CountUntil(movedAt) - camera.CountUntil(narrowedAt)) / narrow;
        Assert.InRange(rows.Skip(1).Min(row => (double)row!["frames_per_second"]!), 0, 0.75 * filmed);
        var cumulative = (await ReportAsync(server, viewer.Self.Id, _ => true))["video_consumer_cumulative"]!;
        Assert.InRange((double)cumulative["issues"]!["lag_fraction"]!, 0.9 / rows.Count, 1 - (0.9 * before.Length / rows.Count));

        long Frames() => viewer.Participants.Joined.ToArray() is [{ VideoTrack: { } track }] ? track.Frames : 0;
    }

    /// <summary>Holds what is told of a picture against what the network counted.</summary>
    /// <param name="rows">The samples, the last of them from its end.</param>
    /// <param name="network">Its way.</param>
    /// <param name="isSent">Whether the server sent it, so that what was lost on the way is in its bitrate.</param>
    /// <param name="packetsOf">Packets there should be, by a row.</param>
    private void AssertPicture(JsonArray rows, RtpTally network, bool isSent, Func<JsonNode, long> packetsOf)
    {
        var last = rows[^1]!;
        var ssrc = (uint)last["ssrc"]!;
        var (expected, arrived) = network.Of(ssrc);
        Print($"picture: of {expected} {arrived} arrived: {rows.ToJsonString()}");
        Assert.True(expected > 500, $"{expected} packets");
        Assert.InRange(packetsOf(last), 0.95 * expected, expected);
        Assert.InRange(100.0 * (long)last["packets_lost"]! / packetsOf(last), (100.0 * (expected - arrived) / expected) - 1.5, (100.0 * (expected - arrived) / expected) + 1.5);
        Assert.All(rows.SkipLast(1), row =>
        {
            Assert.InRange((double)row!["rtt"]!, 0.080, 0.250);
            AssertJitter(row, network, 90_000, tellsAfter: isSent ? 5 : 0.5);
            var at = TimeOf(row);
            var few = network.BitsBetween(ssrc, at.AddMilliseconds(-450), at.AddMilliseconds(-250), isSent, withRepeated: false);
            var many = network.BitsBetween(ssrc, at.AddMilliseconds(-1_000), at.AddMilliseconds(200), isSent, withRepeated: true);
            Assert.InRange(0.5 * (double)row["bitrate"]!, 0.9 * few, many);
        });
    }

    /// <summary>Holds a row's jitter against what the network did to the source.</summary>
    /// <param name="row">The row.</param>
    /// <param name="network">The source's way.</param>
    /// <param name="clockRateHz">Of its timestamps.</param>
    /// <param name="tellsAfter">Seconds that may pass before what arrives is in a row: the server knows at once, a peer tells every few seconds.</param>
    private void AssertJitter(JsonNode row, RtpTally network, int clockRateHz, double tellsAfter)
    {
        var at = TimeOf(row);
        var least = network.LeastJitterBetween((uint)row["ssrc"]!, clockRateHz, at.AddSeconds(-tellsAfter), at.AddMilliseconds(200)).TotalSeconds;
        Print($"jitter {(double)row["jitter"]!:F6} of no less than {least:F6}");
        Assert.InRange((double)row["jitter"]!, 0.75 * least, 2 * Conditions.Jitter.TotalSeconds);
    }

    private static DateTimeOffset TimeOf(JsonNode sample) =>
        DateTimeOffset.Parse((string)sample["timestamp"]!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static void AssertLoss(double share, JsonNode sample, long packets)
    {
        Assert.True(packets > 1_000, $"{packets} packets");
        Assert.InRange(100.0 * (long)sample["packets_lost"]! / packets, (100 * share) - 1.5, (100 * share) + 1.5);
    }

    /// <summary>What a report says of one kind of track, once it has so many samples, the last of them no older than a moment.</summary>
    private static async Task<JsonArray> QualityAsync(
        RunningServer server, string peerId, string name, int atLeast, DateTimeOffset notBefore = default)
    {
        var quality = await ReportAsync(
            server, peerId, each => each[name]?.AsArray() is { } rows && rows.Count >= atLeast && TimeOf(rows[^1]!) >= notBefore);
        return quality[name]!.AsArray();
    }

    private static async Task<JsonNode> ReportAsync(RunningServer server, string peerId, Func<JsonNode, bool> isSo)
    {
        var report = await server.UntilAsync(
            $"/sessions/peer-report/{peerId}", each => each["participant"]!["peer_report"]!["quality"] is { } quality && isSo(quality));
        return report["participant"]!["peer_report"]!["quality"]!;
    }

    private void Print(string text) => output.WriteLine(text);

    /// <summary>The test pattern, and when its pictures left.</summary>
    private sealed class Camera : IVideoSource
    {
        private readonly TestPatternSource _pattern = new();
        private readonly ConcurrentQueue<DateTimeOffset> _leftAt = new();

        public async ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken)
        {
            var frame = await _pattern.ReadAsync(isKeyframeWanted, cancellationToken);
            _leftAt.Enqueue(TimeProvider.System.GetUtcNow());
            return frame;
        }

        /// <summary>How many pictures had left by a moment.</summary>
        public double CountUntil(DateTimeOffset moment) => _leftAt.Count(at => at <= moment);
    }
}
