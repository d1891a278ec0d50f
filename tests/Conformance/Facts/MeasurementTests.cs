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
    // Lost for good, whichever way and however often they are repeated.
    private const int OnePacketOf = 20;

    private static readonly IPAddress MediaAddress = IPAddress.Parse("127.0.0.6");

    private static readonly NetworkConditions Conditions = new() { Delay = TimeSpan.FromMilliseconds(40), Jitter = TimeSpan.FromMilliseconds(10) };

    /// <summary>
    /// Tolerances: loss 1.5 percent points, since packets are lost by their number; the round trip no less than the delay of both ways
    /// and up to 150 ms more; jitter between a fifth of and twice the span it is drawn from; bitrate from that of the payload to half
    /// as much again, for headers.
    /// </summary>
    [Fact]
    public async Task Loss_round_trip_jitter_and_bitrate_are_those_of_the_network()
    {
        await using var server = await RunningServer.StartAsync("--public-ip", MediaAddress.ToString());
        await using var network = EmulatedRelay.Start(
            MediaAddress, new IPEndPoint(IPAddress.Loopback, server.Process.RtcPort), Conditions, EmulatedRelay.OnePacketOf(OnePacketOf));
        using var folder = new TemporaryFolder();
        var file = await OpusTone.WriteAsync(folder, 440, 4);
        var packets = OpusTone.PacketsOf(file);
        var payloadBps = packets.Sum(packet => packet.Length) * 8 / (packets.Count * 0.02);
        var meeting = $"/meetings/{(string)(await server.PostAsync("/meetings", new { title = "Measured" }))["id"]!}";
        var sound = await OggAudioSource.OpenAsync(file, repeats: true);
        await using var speaker = await server.InitAsync(meeting, "Speaker", change: options => options with { Audio = sound });

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
        const double OneWay = 1.0 / OnePacketOf;
        AssertLoss(OneWay, sent[^1]!, (long)sent[^1]!["packets_sent"]!);
        var middle = sent[1]!;
        Print($"producer: {middle.ToJsonString()}");
        Assert.InRange((double)middle["rtt"]!, 0.080, 0.250);
        Assert.InRange((double)middle["jitter"]!, 0.002, 0.020);
        Assert.InRange((double)middle["bitrate"]!, payloadBps * 0.9, payloadBps * 1.5);
        Assert.InRange((double)middle["mos_quality"]!, 1, 4.5);

        // What the listener received, as it reported itself.
        var received = await QualityAsync(server, listener.Self.Id, "audio_consumer", atLeast: 2);
        var last = received[^1]!;
        Print($"consumer: {last.ToJsonString()}");

        // What never reached the server is missing here as well: both ways lose.
        AssertLoss(1 - ((1 - OneWay) * (1 - OneWay)), last, (long)last["packets_received"]! + (long)last["packets_lost"]!);
        Assert.InRange((double)received[1]!["jitter"]!, 0.002, 0.020);
        Assert.InRange((double)received[1]!["bitrate"]!, payloadBps * 0.9, payloadBps * 1.5);
        Assert.Equal(speaker.Self.Id, (string)last["peer_id"]!);
        Assert.Equal((string)sent[0]!["producer_id"]!, (string)last["producer_id"]!);
    }

    private static void AssertLoss(double share, JsonNode sample, long packets)
    {
        Assert.True(packets > 1_000, $"{packets} packets");
        Assert.InRange(100.0 * (long)sample["packets_lost"]! / packets, (100 * share) - 1.5, (100 * share) + 1.5);
    }

    private static async Task<JsonArray> QualityAsync(RunningServer server, string peerId, string name, int atLeast)
    {
        var report = await server.UntilAsync(
            $"/sessions/peer-report/{peerId}",
            each => each["participant"]!["peer_report"]!["quality"]?[name]?.AsArray().Count >= atLeast);
        return report["participant"]!["peer_report"]!["quality"]![name]!.AsArray();
    }

    private void Print(string text) => output.WriteLine(text);
}
