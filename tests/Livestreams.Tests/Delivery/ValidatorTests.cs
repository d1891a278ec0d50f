using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Roomcast.TestKit.Hls;

namespace Roomcast.Livestreams.Tests.Delivery;

/// <summary>A validator that finds nothing proves nothing: each fault put into the answers on their way must be named.</summary>
public sealed partial class ValidatorTests
{
    private const double InterruptedAt = 22.3;

    // Of a segment in the middle of what is followed.
    private const string MidDate = "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:25.000Z\n";

    private static Dictionary<string, Mutation> Mutations { get; } = new()
    {
        ["no CAN-BLOCK-RELOAD"] = new(LlHlsRules.ServerControl, Text: (text, _) => text.Replace("CAN-BLOCK-RELOAD=YES,", "")),
        ["PART-HOLD-BACK of two parts"] = new(LlHlsRules.ServerControl, Text: (text, _) => text.Replace("PART-HOLD-BACK=1.506", "PART-HOLD-BACK=1")),
        ["CAN-SKIP-UNTIL too near"] = new(LlHlsRules.ServerControl, Text: (text, _) => text.Replace("CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=11")),
        ["target duration that grows"] = new(LlHlsRules.TargetConstant, Text: (text, n) => n < 8 ? text : text.Replace("TARGETDURATION:2", "TARGETDURATION:3")),
        ["part target that grows"] = new(LlHlsRules.TargetConstant, Text: (text, n) => n < 8 ? text : text.Replace("PART-TARGET=0.502", "PART-TARGET=0.55")),
        ["segment above the target"] = new(LlHlsRules.TargetKept, Text: (text, _) => text.Replace("TARGETDURATION:2", "TARGETDURATION:1")),
        ["part above its target"] = new(LlHlsRules.PartLength, Text: (text, _) => text.Replace("PART-TARGET=0.502", "PART-TARGET=0.45")),
        ["parts that are too short"] = new(LlHlsRules.PartLength, Text: (text, _) => text.Replace("PART-TARGET=0.502", "PART-TARGET=0.6").Replace("PART-HOLD-BACK=1.506", "PART-HOLD-BACK=1.8")),
        ["EXTINF that is no sum"] = new(LlHlsRules.SegmentSum, Text: (text, _) => text.Replace("#EXTINF:2,", "#EXTINF:1.9,")),
        ["a part not listed"] = new(LlHlsRules.SegmentSum, Text: (text, _) => SecondPart().Replace(text, "")),
        ["parts gone too early"] = new(LlHlsRules.PartListing, Text: (text, n) => n < 8 ? text : OldParts(text)),
        ["segment names that change"] = new(LlHlsRules.History, Text: (text, n) => n < 8 ? text : SegmentAddress().Replace(text, "$1x-$2.m4s")),
        ["no program date"] = new(LlHlsRules.ProgramDate, Text: (text, _) => Date().Replace(text, "")),
        ["program dates that stand"] = new(LlHlsRules.ProgramDate, Text: (text, _) => Date().Replace(text, "#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z\n")),
        ["program dates off the media"] = new(LlHlsRules.DateOfMedia, Text: (text, _) => text.Replace(":15.000Z", ":15.120Z").Replace(":25.000Z", ":25.120Z")),
        ["program dates off the media after an interruption"] = new(LlHlsRules.DateOfMedia, Text: (text, _) => Date().Replace(text, match => LaterAfterInterruption(match.Value)), IsInterrupted: true),
        ["a map that changes amid the media"] = new(LlHlsRules.MapChange, Text: (text, _) => text.Replace(MidDate, Map().Match(text).Value.Replace(".mp4", ".mp4?again") + MidDate)),
        ["no hint"] = new(LlHlsRules.PreloadHint, Text: (text, _) => Hint().Replace(text, "")),
        ["a hint at another part"] = new(LlHlsRules.PreloadHint, Text: (text, _) => Hint().Replace(text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"../../../m/0/other.m4s\"\n")),
        ["a hint behind the end"] = new(LlHlsRules.EndList, Text: (text, _) => text.Replace("#EXT-X-ENDLIST\n", "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x.m4s\"\n#EXT-X-ENDLIST\n")),
        ["a tag behind a part"] = new(LlHlsRules.PlaylistForm, Text: (text, _) => FirstPart().Replace(text, "$0#EXT-X-DISCONTINUITY\n", 1)),
        ["a version too old"] = new(LlHlsRules.PlaylistForm, Text: (text, _) => text.Replace("VERSION:9", "VERSION:6")),
        ["INDEPENDENT everywhere"] = new(LlHlsRules.Independent, Text: (text, _) => PlainPart().Replace(text, "$1,INDEPENDENT=YES\n")),
        ["INDEPENDENT nowhere"] = new(LlHlsRules.Independent, Text: (text, _) => text.Replace(",INDEPENDENT=YES", "")),
        ["a skip of what was never listed"] = new(LlHlsRules.DeltaUpdate, Text: (text, _) => text.Replace("SKIPPED-SEGMENTS=", "SKIPPED-SEGMENTS=9")),
        ["a skip that is one too few"] = new(LlHlsRules.History, Text: (text, _) => Skip().Replace(text, match => $"SKIPPED-SEGMENTS={int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) - 1}")),
        ["a reload that is not held"] = new(LlHlsRules.BlockingReload, Request: uri => uri.Contains("_HLS_msn", StringComparison.Ordinal) ? uri[..uri.IndexOf('?', StringComparison.Ordinal)] : uri),
        ["no other pages allowed"] = new(LlHlsRules.Cors, Answer: answer => answer.Headers.Remove("Access-Control-Allow-Origin")),
        ["errors that no page may read"] = new(LlHlsRules.Cors, Answer: answer => { if (!answer.IsSuccessStatusCode) { answer.Headers.Remove("Access-Control-Allow-Origin"); } }),
        ["nothing exposed"] = new(LlHlsRules.Cors, Answer: answer => answer.Headers.Remove("Access-Control-Expose-Headers")),
        ["a type of text"] = new(LlHlsRules.ContentType, Answer: answer => answer.Content.Headers.ContentType = new("text/plain")),
        ["a length that is not said"] = new(LlHlsRules.ContentLength, Answer: answer => answer.Headers.TransferEncodingChunked = true),
        ["a length that is too small"] = new(LlHlsRules.ContentLength, Answer: answer => answer.Content.Headers.ContentLength--),
        ["media kept for a minute"] = new(LlHlsRules.Caching, Answer: answer => { if (IsMedia(answer)) { answer.Headers.CacheControl = new() { MaxAge = TimeSpan.FromMinutes(1) }; } }),
        ["playlists kept for a minute"] = new(LlHlsRules.Caching, Answer: answer => { if (!IsMedia(answer)) { answer.Headers.CacheControl = new() { MaxAge = TimeSpan.FromMinutes(1) }; } }),
        ["errors kept for a minute"] = new(LlHlsRules.Caching, Answer: answer => { if (!answer.IsSuccessStatusCode) { answer.Headers.CacheControl = new() { MaxAge = TimeSpan.FromMinutes(1) }; } }),
        ["no compression"] = new(LlHlsRules.Compression, Request: uri => uri, DropsEncoding: true),
        ["parts that begin late"] = new(LlHlsRules.MediaTimes, Media: (bytes, name) => name.EndsWith(".1.m4s", StringComparison.Ordinal) ? Shift(bytes) : bytes),
        ["parts mixed up"] = new(LlHlsRules.MediaForm, Media: (bytes, name) => name.EndsWith(".2.m4s", StringComparison.Ordinal) ? bytes[..(bytes.Length / 2)] : bytes),
        ["segments that are not their parts"] = new(LlHlsRules.PartsAreSegment, Media: (bytes, name) => PartName().IsMatch(name) ? bytes : Flip(bytes)),
        ["segments of another length"] = new(LlHlsRules.MediaLength, Text: (text, _) => text.Replace("DURATION=0.5,", "DURATION=0.48,").Replace("EXTINF:2,", "EXTINF:1.92,")),
        ["bad requests answered"] = new(LlHlsRules.WrongRequests, Answer: answer => { if (answer.StatusCode is HttpStatusCode.BadRequest) { answer.StatusCode = HttpStatusCode.OK; } }),
        ["variants without codecs"] = new(LlHlsRules.Multivariant, Text: (text, _) => text.Replace("CODECS=", "CODEX=")),
        ["missing parts"] = new(LlHlsRules.Available, Request: uri => uri.EndsWith(".1.m4s", StringComparison.Ordinal) ? uri + "x" : uri),
        ["a report too few"] = new(LlHlsRules.RenditionReport, Text: (text, _) => Report().Replace(text, ""), HasTwoRenditions: true),
        ["renditions apart"] = new(LlHlsRules.RenditionsTogether, Text: (text, _) => text.Contains("m/1/", StringComparison.Ordinal) ? text.Replace(".000Z", ".300Z") : text, HasTwoRenditions: true),
    };

    // Checked by a run of its own.
    private static readonly Mutation HeldTooShortly = new(
        LlHlsRules.HoldLimit,
        Request: uri => uri.Contains("_HLS_msn", StringComparison.Ordinal) ? uri[..uri.IndexOf('?', StringComparison.Ordinal)] : uri.EndsWith(".m4s", StringComparison.Ordinal) ? uri + "x" : uri);

    [Fact]
    public void Each_rule_is_broken_by_a_fault_on_the_way()
    {
        var rules = typeof(LlHlsRules).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);
        Assert.Empty(rules.Except([.. Mutations.Values.Select(mutation => mutation.Rule), HeldTooShortly.Rule]));
    }

    [Fact]
    public async Task Each_fault_on_the_way_is_named()
    {
        var unnamed = new System.Collections.Concurrent.ConcurrentBag<string>();
        await Parallel.ForEachAsync(Mutations, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (item, _) =>
        {
            var (fault, mutation) = item;
            var report = await FollowAsync(mutation);
            if (report.Violations.All(violation => violation.Rule != mutation.Rule))
            {
                unnamed.Add($"{fault} should break {mutation.Rule}: {report}");
            }
        });
        Assert.Empty(unnamed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_a_fault_nothing_is_named(bool isInterrupted)
    {
        var report = await FollowAsync(new Mutation("", IsInterrupted: isInterrupted));
        Assert.True(report.Violations.Count == 0, report.ToString());
    }

    [Fact]
    public async Task A_server_that_answers_held_requests_too_early_is_named()
    {
        var source = new SyntheticSource();
        await using var host = await DeliveryHost.StartAsync();
        host.Stream.SetTracks(source.Tracks);
        host.Push(source, TimeSpan.FromSeconds(6.3));
        using var tamperer = new Tamperer(HeldTooShortly);
        using var client = DeliveryHost.Client(between: tamperer);
        var report = await new LlHlsValidator(client, host.Playlist).CheckHoldLimitAsync();
        Assert.Contains(report.Violations, violation => violation.Rule == HeldTooShortly.Rule);
    }

    private static async Task<LlHlsReport> FollowAsync(Mutation mutation)
    {
        var source = new SyntheticSource { OtherVideos = mutation.HasTwoRenditions ? [SyntheticSource.SecondVideo] : [] };
        await using var host = await DeliveryHost.StartAsync();
        host.Stream.SetTracks(source.Tracks);
        host.Push(source, TimeSpan.FromSeconds(18.3));
        using var tamperer = new Tamperer(mutation);
        using var client = DeliveryHost.Client(between: tamperer);
        var following = new LlHlsValidator(client, host.Playlist).RunAsync();
        await host.FeedRestAsync(source, 18.3, mutation.IsInterrupted ? InterruptedAt : 30);
        if (mutation.IsInterrupted)
        {
            // The publisher is back after six seconds.
            host.Stream.Interrupt();
            host.Stream.SetTracks(source.Tracks);
            await host.FeedAsync(source with { Start = TimeSpan.FromSeconds(InterruptedAt + 6) }, TimeSpan.FromSeconds(6.2));
        }

        host.Stream.End();
        return await following;
    }

    private static string LaterAfterInterruption(string tag)
    {
        const string Name = "#EXT-X-PROGRAM-DATE-TIME:";
        var date = DateTimeOffset.Parse(tag.AsSpan(Name.Length).TrimEnd(), System.Globalization.CultureInfo.InvariantCulture);
        return date < DeliveryHost.ProgramStart.AddSeconds(InterruptedAt + 1) ? tag : $"{Name}{date.AddMilliseconds(120):yyyy-MM-ddTHH:mm:ss.fffZ}\n";
    }

    private static bool IsMedia(HttpResponseMessage answer) => answer.RequestMessage!.RequestUri!.AbsolutePath.Contains("/m/", StringComparison.Ordinal);

    private static byte[] Flip(byte[] bytes)
    {
        var copy = (byte[])bytes.Clone();
        copy[^1] ^= 1;
        return copy;
    }

    // The first tfdt, a second later.
    private static byte[] Shift(byte[] bytes)
    {
        var copy = (byte[])bytes.Clone();
        var at = copy.AsSpan().IndexOf("tfdt"u8) + 8;
        var time = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(copy.AsSpan(at));
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(copy.AsSpan(at), time + 90_000);
        return copy;
    }

    // Only the growing segment keeps its parts.
    private static string OldParts(string text)
    {
        var last = text.LastIndexOf("#EXTINF", StringComparison.Ordinal);
        return last < 0 ? text : AnyPart().Replace(text[..last], "") + text[last..];
    }

    [GeneratedRegex("#EXT-X-PART:.*\\.1\\.m4s\".*\n")]
    private static partial Regex SecondPart();

    [GeneratedRegex("#EXT-X-PART:.*\\.0\\.m4s\".*\n")]
    private static partial Regex FirstPart();

    [GeneratedRegex("#EXT-X-PART:.*\n")]
    private static partial Regex AnyPart();

    [GeneratedRegex("(#EXT-X-PART:[^\n]*m4s\")\n")]
    private static partial Regex PlainPart();

    [GeneratedRegex("^(\\.\\./.*)-([0-9]+)\\.m4s$", RegexOptions.Multiline)]
    private static partial Regex SegmentAddress();

    [GeneratedRegex("#EXT-X-PROGRAM-DATE-TIME:.*\n")]
    private static partial Regex Date();

    [GeneratedRegex("#EXT-X-MAP:.*\n")]
    private static partial Regex Map();

    [GeneratedRegex("#EXT-X-PRELOAD-HINT:.*\n")]
    private static partial Regex Hint();

    [GeneratedRegex("#EXT-X-RENDITION-REPORT:.*\n")]
    private static partial Regex Report();

    [GeneratedRegex("SKIPPED-SEGMENTS=([0-9]+)")]
    private static partial Regex Skip();

    [GeneratedRegex("\\.[0-9]+\\.m4s$")]
    private static partial Regex PartName();

    private sealed record Mutation(
        string Rule,
        Func<string, int, string>? Text = null,
        Func<byte[], string, byte[]>? Media = null,
        Action<HttpResponseMessage>? Answer = null,
        Func<string, string>? Request = null,
        bool DropsEncoding = false,
        bool HasTwoRenditions = false,
        bool IsInterrupted = false);

    /// <summary>Changes answers on their way.</summary>
    private sealed class Tamperer(Mutation mutation) : DelegatingHandler
    {
        private int _playlists;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var asked = request.RequestUri!;
            if (mutation.Request is { } change)
            {
                request.RequestUri = new Uri(change(asked.ToString()));
            }

            if (mutation.DropsEncoding)
            {
                request.Headers.AcceptEncoding.Clear();
            }

            var answer = await base.SendAsync(request, cancellationToken);
            request.RequestUri = asked;
            mutation.Answer?.Invoke(answer);
            var isPlaylist = asked.AbsolutePath.EndsWith(".m3u8", StringComparison.Ordinal);
            if (answer.IsSuccessStatusCode && isPlaylist && mutation.Text is { } text && request.Method == HttpMethod.Get)
            {
                var bytes = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
                var isCompressed = answer.Content.Headers.ContentEncoding.Contains("gzip");
                var before = isCompressed ? Decompress(bytes) : Encoding.UTF8.GetString(bytes);
                var after = Encoding.UTF8.GetBytes(text(before, Interlocked.Increment(ref _playlists)));
                Replace(answer, isCompressed ? Compress(after) : after);
            }
            else if (answer.IsSuccessStatusCode && !isPlaylist && mutation.Media is { } media)
            {
                Replace(answer, media(await answer.Content.ReadAsByteArrayAsync(cancellationToken), asked.AbsolutePath));
            }

            return answer;
        }

        private static void Replace(HttpResponseMessage answer, byte[] bytes)
        {
            var content = new ByteArrayContent(bytes);
            foreach (var (name, values) in answer.Content.Headers.Where(header => header.Key != "Content-Length"))
            {
                content.Headers.TryAddWithoutValidation(name, values);
            }

            content.Headers.ContentLength = bytes.Length;
            answer.Content = content;
        }

        private static string Decompress(byte[] bytes)
        {
            using var reader = new StreamReader(
                new System.IO.Compression.GZipStream(new MemoryStream(bytes), System.IO.Compression.CompressionMode.Decompress));
            return reader.ReadToEnd();
        }

        private static byte[] Compress(byte[] bytes)
        {
            var output = new MemoryStream();
            using (var gzip = new System.IO.Compression.GZipStream(output, System.IO.Compression.CompressionLevel.Fastest))
            {
                gzip.Write(bytes);
            }

            return output.ToArray();
        }
    }
}
