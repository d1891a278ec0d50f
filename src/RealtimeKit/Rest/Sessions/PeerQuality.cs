using System.Text.Json.Nodes;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Media;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>How a peer's media fared, sample by sample and in sum; times in seconds.</summary>
/// <remarks>
/// <c>bitrate</c>, <c>freeze_count</c>, <c>packets_repeated</c>, <c>is_starved</c>, and <c>rtt</c> and <c>pli_count</c> of a consumer are
/// additions of ours. What a receiver decoded is not seen here. The packets of a consumer are as the receiver counted them in its last
/// report before the sample: one that never reached the server is lost to it as well, and one that was lost and came when it was sent
/// again is not. Its bytes are those that left, less the share that its reports say was lost on the way. Pictures are counted as they
/// pass, those of a producer in the best encoding that came; how many there are in a second is told from one sample to the next.
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

        if (rows.Any(row => row.Pictures is not null))
        {
            AddPictures(cumulative, rows, isConsumer);
        }

        quality[$"{name}_cumulative"] = cumulative;
    }

    private static void AddPictures(JsonObject cumulative, IReadOnlyList<Row> rows, bool isConsumer)
    {
        var rates = rows.Where(row => row.PicturesPerSecond is not null).Select(row => row.PicturesPerSecond!.Value).ToArray();
        var widths = rows.Where(row => row.Pictures is { Width: > 0 }).Select(row => (double)row.Pictures!.Value.Width).ToArray();
        if (rates.Length > 0)
        {
            cumulative["frame_per_second"] = Percentiles(rates);
            var issues = new JsonObject { ["no_video_fraction"] = Math.Round((double)rates.Count(rate => rate == 0) / rates.Length, 6) };
            if (isConsumer)
            {
                issues["lag_fraction"] = Math.Round((double)rows.Count(row => row.HasFrozen) / rows.Count, 6);
            }

            cumulative["issues"] = issues;
        }

        if (widths.Length > 0)
        {
            cumulative["frame_width"] = Percentiles(widths);
        }

        // Each row grows on the one before it, whichever tracks they are of.
        var (pictures, keyframes) = (rows.Sum(row => row.NewPictures), rows.Sum(row => row.NewKeyframes));
        if (!isConsumer && pictures > 0)
        {
            cumulative["key_frames_encoded_fraction"] = Math.Round((double)keyframes / pictures, 6);
        }
    }

    private static List<Row> SentOf(MediaHistory media, MediaKind kind, bool isScreen)
    {
        var rows = new List<Row>();
        var before = new Dictionary<int, (DateTimeOffset At, SentSample Sent)>();
        foreach (var sample in media.Samples)
        {
            foreach (var sent in sample.Sent.Where(sent => Is(media.Tracks[sent.Track], kind, isScreen)))
            {
                var track = media.Tracks[sent.Track];
                var (at, last) = before.GetValueOrDefault(sent.Track);
                var (arrived, lost) = (Math.Max(0, sent.Packets - last.Packets), Math.Max(0, sent.Lost - last.Lost));
                var measuredAt = sample.At.AddMilliseconds(-sent.AgeMs);
                before[sent.Track] = (measuredAt, sent);
                var row = Row.Of(sample, measuredAt, track, arrived + lost == 0 ? 0 : 100.0 * lost / (arrived + lost), sent.JitterUs);
                row.Json["packets_sent"] = sent.Packets + sent.Lost;
                row.Json["packets_lost"] = sent.Lost;
                row.Json["bitrate"] = sent.BitrateBps;
                if (sent.Totals.Bytes > 0)
                {
                    row.Json["bytes_sent"] = sent.Totals.Bytes;
                }

                row = row.With(measuredAt, track, sent.Totals, at, last.Totals);
                if (kind is MediaKind.Video && sent.Totals.Pictures.Count > 0)
                {
                    row.Json["frames_encoded"] = sent.Totals.Pictures.Count;
                    row.Json["key_frames_encoded"] = sent.Totals.Pictures.Keyframes;
                }

                rows.Add(row);
            }
        }

        return rows;
    }

    private static List<Row> ReceivedOf(MediaHistory media, MediaKind kind, bool isScreen)
    {
        var rows = new List<Row>();
        var before = new Dictionary<int, (DateTimeOffset At, ReceivedSample Received)>();
        foreach (var sample in media.Samples)
        {
            foreach (var received in sample.Received.Where(received => Is(media.Tracks[received.Track], kind, isScreen)))
            {
                var track = media.Tracks[received.Track];
                var (at, last) = before.GetValueOrDefault(received.Track);
                var (expected, lost) = (Math.Max(0, received.Packets - last.Packets), Math.Max(0, received.Lost - last.Lost));
                var measuredAt = sample.At.AddMilliseconds(-received.AgeMs);
                before[received.Track] = (measuredAt, received);
                var row = Row.Of(sample, measuredAt, track, expected == 0 ? 0 : Math.Min(100, 100.0 * lost / expected), received.JitterUs);
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
                if (received is { Totals.Bytes: > 0, Packets: > 0 })
                {
                    row.Json["bytes_received"] = (long)(received.Totals.Bytes * (1 - ((double)received.Lost / received.Packets)));
                }

                row = row.With(measuredAt, track, received.Totals, at, last.Totals);
                if (kind is MediaKind.Video)
                {
                    row.Json["freeze_count"] = received.Freezes;
                    row.Json["fir_count"] = received.Totals.Pictures.IntraRequests;
                    row = row with { HasFrozen = received.Freezes > last.Freezes };
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

    /// <summary>A track at a moment.</summary>
    private sealed record Row(JsonObject Json, double LossPercent, int? RoundTripMs, double Mos)
    {
        /// <summary>Null for sound, and where none were counted.</summary>
        public PictureFigures? Pictures { get; private init; }

        /// <summary>Since the sample before; null for the first of a track.</summary>
        public double? PicturesPerSecond { get; private init; }

        public long NewPictures { get; private init; }

        public long NewKeyframes { get; private init; }

        public bool HasFrozen { get; init; }

        public static Row Of(MediaSample sample, DateTimeOffset measuredAt, SampledTrack track, double lossPercent, long jitterUs)
        {
            var mos = MosOf(sample.RoundTripMs ?? 0, jitterUs / 1_000.0, lossPercent);
            var json = new JsonObject
            {
                ["timestamp"] = Timestamps.Write(measuredAt),
                ["producer_id"] = track.ProducerId,
                ["jitter"] = jitterUs / 1_000_000.0,
                ["mos_quality"] = mos,
            };
            if (sample.RoundTripMs is { } roundTrip)
            {
                json["rtt"] = roundTrip / 1_000.0;
            }

            return new Row(json, lossPercent, sample.RoundTripMs, mos);
        }

        /// <summary>Tells what the track had come to; nothing where that was not measured.</summary>
        public Row With(DateTimeOffset measuredAt, SampledTrack track, in TrackTotals totals, DateTimeOffset at, in TrackTotals before)
        {
            if (track.Mid.Length > 0)
            {
                Json["mid"] = track.Mid;
            }

            if (totals.Ssrc > 0)
            {
                Json["ssrc"] = totals.Ssrc;
            }

            if (track.Kind is not MediaKind.Video || totals == default)
            {
                return this;
            }

            var (now, last) = (totals.Pictures, before.Pictures);
            if (now.Width > 0)
            {
                Json["frame_width"] = now.Width;
                Json["frame_height"] = now.Height;
            }

            Json["pli_count"] = now.LossIndications;

            // A track that begins anew under its name counts from nothing again.
            var (pictures, keyframes) = (now.Count < last.Count ? now.Count : now.Count - last.Count, Math.Max(0, now.Keyframes - last.Keyframes));
            double? rate = at > DateTimeOffset.MinValue && measuredAt > at ? Math.Round(pictures / (measuredAt - at).TotalSeconds, 3) : null;
            if (rate is not null)
            {
                Json["frames_per_second"] = rate;
            }

            return this with { Pictures = now, PicturesPerSecond = rate, NewPictures = pictures, NewKeyframes = keyframes };
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
