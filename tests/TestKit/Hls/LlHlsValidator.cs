using System.Globalization;
using System.Net;

namespace Roomcast.TestKit.Hls;

/// <summary>What a validator does.</summary>
public sealed record LlHlsValidatorOptions
{
    /// <summary>How long it follows the stream, unless that ends before.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether it also asks what must be refused.</summary>
    public bool ChecksErrors { get; init; } = true;

    /// <summary>Longest that one answer may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>
/// Follows a live stream over HTTP as a low-latency player does, reads everything it is given, and says which rules of
/// <see cref="LlHlsRules"/> the stream breaks.
/// </summary>
/// <remarks>
/// It reloads by blocking requests, half of them as delta updates, asks for hinted parts before they are there, and reads
/// all parts and segments. It needs nothing of the server but its addresses.
/// </remarks>
public sealed class LlHlsValidator
{
    private readonly HttpClient _client;
    private readonly Uri _multivariant;
    private readonly LlHlsValidatorOptions _options;
    private readonly LlHlsReport _report = new();
    private readonly LlHlsHttp _http;

    /// <summary>Makes one.</summary>
    /// <param name="client">Sends the requests; it must not decompress by itself.</param>
    /// <param name="multivariant">The multivariant playlist.</param>
    /// <param name="options">What to do.</param>
    public LlHlsValidator(HttpClient client, Uri multivariant, LlHlsValidatorOptions? options = null)
    {
        _client = client;
        _multivariant = multivariant;
        _options = options ?? new LlHlsValidatorOptions();
        _http = new LlHlsHttp(client, _report);
    }

    /// <summary>Follows the stream until it ends or the time is over.</summary>
    public async Task<LlHlsReport> RunAsync(CancellationToken cancellationToken = default)
    {
        var playlists = await ReadMultivariantAsync(cancellationToken);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_options.Duration + _options.RequestTimeout);
        var followers = playlists
            .Select((uri, i) => new LlHlsFollower(_http, _report, uri, i.ToString(CultureInfo.InvariantCulture), playlists.Count))
            .ToList();
        await Task.WhenAll(followers.Select(follower => follower.FollowAsync(_options.Duration, timeout.Token)));
        _report.HasEnded = followers.Count > 0 && followers.All(follower => follower.HasEnded);
        CompareRenditions(followers);
        if (_options.ChecksErrors && playlists.Count > 0)
        {
            await CheckErrorsAsync(playlists[0], followers[0].HasEnded, timeout.Token);
        }

        return _report;
    }

    /// <summary>
    /// Checks a stream that gets no more media, for example while its publisher is away: a request for the next part must be
    /// held and then answered by 503.
    /// </summary>
    public async Task<LlHlsReport> CheckHoldLimitAsync(CancellationToken cancellationToken = default)
    {
        var playlists = await ReadMultivariantAsync(cancellationToken);
        var playlist = await _http.FetchPlaylistAsync(playlists[0], cancellationToken);
        if (playlist is null)
        {
            return _report;
        }

        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var uri = LlHlsFollower.WithDirectives(playlists[0], playlist.NextMsn, playlist.NextPart, skip: false);
        var hinted = new Uri(playlists[0], playlist.HintedPart!);
        var answers = await Task.WhenAll(_http.FetchAsync(uri, cancellationToken), _http.FetchAsync(hinted, cancellationToken));
        var held = clock.GetElapsedTime(start);
        var target = TimeSpan.FromSeconds(playlist.TargetDuration);
        foreach (var answer in answers)
        {
            _report.Require(
                answer.Status is HttpStatusCode.ServiceUnavailable,
                LlHlsRules.HoldLimit,
                $"{answer.Uri} answers {(int)answer.Status} after {held.TotalSeconds:0.#} s without media.");
        }

        _report.Require(
            held >= target * 2.5 && held <= target * 4,
            LlHlsRules.HoldLimit,
            $"Requests were held for {held.TotalSeconds:0.#} s with a target duration of {playlist.TargetDuration} s.");
        return _report;
    }

    private async Task<List<Uri>> ReadMultivariantAsync(CancellationToken cancellationToken)
    {
        var answer = await _http.FetchAsync(_multivariant, cancellationToken);
        if (!answer.IsOk)
        {
            _report.Add(LlHlsRules.Available, $"{_multivariant} answers {(int)answer.Status}.");
            return [];
        }

        _http.CheckPlaylistType(answer);
        _report.Require(
            answer.Message.Headers.CacheControl is { NoStore: true } or { MaxAge.TotalSeconds: <= 1 },
            LlHlsRules.Caching,
            $"{_multivariant} has Cache-Control {answer.Message.Headers.CacheControl}.");
        var lines = answer.Text.Split('\n');
        _report.Require(lines[0] == "#EXTM3U", LlHlsRules.Multivariant, "The first line is not #EXTM3U.");
        var playlists = new List<Uri>();
        for (var i = 1; i < lines.Length; i++)
        {
            const string Tag = "#EXT-X-STREAM-INF:";
            if (!lines[i].StartsWith(Tag, StringComparison.Ordinal))
            {
                continue;
            }

            var attributes = MediaPlaylist.ReadAttributes(lines[i][Tag.Length..]);
            var codecs = attributes.GetValueOrDefault("CODECS") ?? "";
            _report.Require(long.TryParse(attributes.GetValueOrDefault("BANDWIDTH"), out var bandwidth) && bandwidth > 0, LlHlsRules.Multivariant, "A variant has no BANDWIDTH.");
            _report.Require(codecs.Length > 0, LlHlsRules.Multivariant, "A variant has no CODECS.");
            var hasPicture = codecs.Split(',').Any(codec => codec.StartsWith("avc", StringComparison.Ordinal) || codec.StartsWith("hvc", StringComparison.Ordinal) || codec.StartsWith("av01", StringComparison.Ordinal) || codec.StartsWith("vp09", StringComparison.Ordinal));
            _report.Require(!hasPicture || attributes.ContainsKey("RESOLUTION"), LlHlsRules.Multivariant, "A variant with a picture has no RESOLUTION.");
            playlists.Add(new Uri(_multivariant, lines[i + 1]));
        }

        _report.Require(playlists.Count > 0, LlHlsRules.Multivariant, "There is no variant.");
        return playlists;
    }

    private void CompareRenditions(List<LlHlsFollower> followers)
    {
        foreach (var other in followers.Skip(1))
        {
            foreach (var (msn, segment) in followers[0].Known)
            {
                if (!other.Known.TryGetValue(msn, out var twin) || !segment.IsComplete || !twin.IsComplete)
                {
                    continue;
                }

                var apart = Math.Abs(((segment.Date - twin.Date) ?? TimeSpan.Zero).TotalSeconds);
                _report.Require(
                    segment.IsDiscontinuity == twin.IsDiscontinuity && apart < 0.1,
                    LlHlsRules.RenditionsTogether,
                    $"Segment {msn} is {apart:0.###} s apart in renditions 0 and {other.Name}.");
            }
        }
    }

    private async Task CheckErrorsAsync(Uri playlist, bool hasEnded, CancellationToken cancellationToken)
    {
        string[] bad = ["_HLS_part=0", "_HLS_msn=x", "_HLS_msn=-1", "_HLS_msn=1&_HLS_part=x"];
        foreach (var query in hasEnded ? bad : [.. bad, "_HLS_msn=99999999"])
        {
            await ExpectAsync(new Uri(playlist, "?" + query), HttpMethod.Get, HttpStatusCode.BadRequest);
        }

        await ExpectAsync(new Uri(playlist, "?_HLS_unknown=1"), HttpMethod.Get, HttpStatusCode.OK);
        await ExpectAsync(new Uri(playlist, "nothing.m3u8"), HttpMethod.Get, HttpStatusCode.NotFound);
        await ExpectAsync(playlist, HttpMethod.Post, HttpStatusCode.MethodNotAllowed);
        await ExpectAsync(playlist, HttpMethod.Head, HttpStatusCode.OK);
        var preflight = await _http.FetchAsync(playlist, cancellationToken, method: HttpMethod.Options);
        _report.Require(
            (int)preflight.Status is 200 or 204 && preflight.Message.Headers.Contains("Access-Control-Allow-Methods"),
            LlHlsRules.Cors,
            $"OPTIONS is answered by {(int)preflight.Status}.");

        async Task ExpectAsync(Uri uri, HttpMethod method, HttpStatusCode expected)
        {
            var answer = await _http.FetchAsync(uri, cancellationToken, method: method);
            _report.Require(
                answer.Status == expected, LlHlsRules.WrongRequests, $"{method} {uri} answers {(int)answer.Status}, not {(int)expected}.");
        }
    }
}
