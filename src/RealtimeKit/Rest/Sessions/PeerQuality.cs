using System.Text.Json.Nodes;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>How a peer's media fared, sample by sample and in sum; times in seconds.</summary>
/// <remarks>
/// <c>bitrate</c>, <c>freeze_count</c>, <c>packets_repeated</c> and <c>is_starved</c> are additions of ours. What a receiver
/// decoded is not seen here. The packets of a consumer are as the receiver counted them in its last report before the sample: one
/// that never reached the server is lost to it as well, and one that was lost and came when it was sent again is not.
/// </remarks>
internal static class PeerQuality
{
    private static readonly int[] LossSteps = [5, 10, 25, 50];
    private static readonly int[] DelayStepsMs = [100, 250, 500];

    /// <summary>Makes the lists, of which those that would be empty are left out.</summary>
    public static JsonObject Of(MediaHistory media)
    {
        var quality = new JsonObject();
        foreach (var (name, kind, isScreen) in new[]
        {
            ("audio", MediaKind.Audio, false), ("video", MediaKind.Video, false),
            ("screenshare_audio", MediaKind.Audio, true), ("screenshare_video", MediaKind.Video, true),
        })
        {
            Add(quality, $"{name}_producer", SentOf(media, kind, isScreen), isConsumer: false);
            Add(quality, $"{name}_consumer", ReceivedOf(media, kind, isScreen), isConsumer: true);
        }

        return quality;
    }

    private static void Add(JsonObject quality, string name, IReadOnlyList<Row> rows, bool isConsumer)
    {
        if (rows.Count == 0)
        {
            return;
        }

        quality[name] = new JsonArray([.. rows.Select(row => row.Json)]);
        var cumulative = new JsonObject
        {
            ["packet_loss"] = Shares(rows.Select(row => row.LossPercent), LossSteps, step => $"{step}_or_greater_event_fraction"),
            ["quality_mos"] = Percentiles(rows.Select(row => row.Mos)),
        };
        var roundTrips = rows.Where(row => row.RoundTripMs is not null).Select(row => (double)row.RoundTripMs!.Value).ToArray();
        if (!isConsumer && roundTrips.Length > 0)
        {
            var shares = Shares(roundTrips, DelayStepsMs, step => $"{step}ms_or_greater_event_fraction");
            shares["avg"] = Math.Round(roundTrips.Average() / 1_000, 6);
            cumulative["rtt"] = shares;
        }

        quality[$"{name}_cumulative"] = cumulative;
    }

    private static List<Row> SentOf(MediaHistory media, MediaKind kind, bool isScreen)
    {
        var rows = new List<Row>();
        var before = new Dictionary<int, SentSample>();
        foreach (var sample in media.Samples)
        {
            foreach (var sent in sample.Sent.Where(sent => Is(media.Tracks[sent.Track], kind, isScreen)))
            {
                var last = before.GetValueOrDefault(sent.Track);
                var (arrived, lost) = (Math.Max(0, sent.Packets - last.Packets), Math.Max(0, sent.Lost - last.Lost));
                before[sent.Track] = sent;
                var row = Row.Of(sample, arrived + lost == 0 ? 0 : 100.0 * lost / (arrived + lost), sent.JitterUs);
                row.Json["producer_id"] = media.Tracks[sent.Track].ProducerId;
                row.Json["packets_sent"] = sent.Packets + sent.Lost;
                row.Json["packets_lost"] = sent.Lost;
                row.Json["bitrate"] = sent.BitrateBps;
                if (sample.RoundTripMs is { } roundTrip)
                {
                    row.Json["rtt"] = roundTrip / 1_000.0;
                }

                rows.Add(row);
            }
        }

        return rows;
    }

    private static List<Row> ReceivedOf(MediaHistory media, MediaKind kind, bool isScreen)
    {
        var rows = new List<Row>();
        var before = new Dictionary<int, ReceivedSample>();
        foreach (var sample in media.Samples)
        {
            foreach (var received in sample.Received.Where(received => Is(media.Tracks[received.Track], kind, isScreen)))
            {
                var track = media.Tracks[received.Track];
                var last = before.GetValueOrDefault(received.Track);
                var (expected, lost) = (Math.Max(0, received.Packets - last.Packets), Math.Max(0, received.Lost - last.Lost));
                before[received.Track] = received;
                var row = Row.Of(sample, expected == 0 ? 0 : Math.Min(100, 100.0 * lost / expected), received.JitterUs);
                row.Json["producer_id"] = track.ProducerId;
                row.Json["consumer_id"] = track.ProducerId;
                if (track.PeerId.Length > 0)
                {
                    row.Json["peer_id"] = track.PeerId;
                }

                row.Json["packets_received"] = received.Packets - received.Lost;
                row.Json["packets_lost"] = received.Lost;
                row.Json["packets_repeated"] = received.Repeated;
                row.Json["bitrate"] = received.BitrateBps;
                row.Json["is_starved"] = received.IsStarved;
                if (kind is MediaKind.Video)
                {
                    row.Json["freeze_count"] = received.Freezes;
                }

                rows.Add(row);
            }
        }

        return rows;
    }

    private static bool Is(SampledTrack track, MediaKind kind, bool isScreen) => track.Kind == kind && track.IsScreenShare == isScreen;

    private static JsonObject Shares(IEnumerable<double> values, int[] steps, Func<int, string> name)
    {
        var all = values.ToArray();
        var shares = new JsonObject { ["avg"] = Math.Round(all.Average(), 6) };
        foreach (var step in steps)
        {
            shares[name(step)] = Math.Round((double)all.Count(value => value >= step) / all.Length, 6);
        }

        return shares;
    }

    private static JsonObject Percentiles(IEnumerable<double> values)
    {
        var all = values.Order().ToArray();
        double At(double share) => all[(int)Math.Ceiling(share * all.Length) - 1];
        return new JsonObject
        {
            ["avg"] = Math.Round(all.Average(), 3), ["p50"] = At(0.5), ["p75"] = At(0.75), ["p90"] = At(0.9),
        };
    }

    private sealed record Row(JsonObject Json, double LossPercent, int? RoundTripMs, double Mos)
    {
        public static Row Of(MediaSample sample, double lossPercent, long jitterUs)
        {
            var mos = MosOf(sample.RoundTripMs ?? 0, jitterUs / 1_000.0, lossPercent);
            return new Row(
                new JsonObject
                {
                    ["timestamp"] = Timestamps.Write(sample.At),
                    ["jitter"] = jitterUs / 1_000_000.0,
                    ["mos_quality"] = mos,
                },
                lossPercent,
                sample.RoundTripMs,
                mos);
        }

        // The E-model (ITU-T G.107) cut down to what is measured: delay as half the round trip plus twice the jitter and 10 ms of
        // coding; 2.5 points for each percent lost, as for a codec that conceals losses.
        private static double MosOf(double roundTripMs, double jitterMs, double lossPercent)
        {
            var delayMs = (roundTripMs / 2) + (2 * jitterMs) + 10;
            var rating = 93.2 - (delayMs < 160 ? delayMs / 40 : (delayMs - 120) / 10) - (2.5 * lossPercent);
            rating = Math.Clamp(rating, 0, 100);
            return Math.Round(Math.Clamp(1 + (0.035 * rating) + (7e-6 * rating * (rating - 60) * (100 - rating)), 1, 5), 3);
        }
    }
}
