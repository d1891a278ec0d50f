using System.Globalization;
using System.Net;

namespace Roomcast.TestKit.Hls;

/// <summary>Follows one rendition at its live edge.</summary>
internal sealed class LlHlsFollower
{
    private readonly LlHlsHttp _http;
    private readonly LlHlsReport _report;
    private readonly Uri _uri;
    private readonly int _renditionCount;
    private readonly LlHlsPlaylistChecks _playlists;
    private readonly LlHlsMediaChecks _media;
    private readonly HashSet<long> _segmentsRead = [];
    private readonly HashSet<(long, int)> _partsRead = [];
    private IReadOnlyList<ListedSegment> _segments = [];
    private long _takenAt;

    public LlHlsFollower(LlHlsHttp http, LlHlsReport report, Uri uri, string name, int renditionCount)
    {
        _http = http;
        _report = report;
        _uri = uri;
        Name = name;
        _renditionCount = renditionCount;
        _playlists = new LlHlsPlaylistChecks(report, name);
        _media = new LlHlsMediaChecks(report, name);
    }

    public string Name { get; }

    public bool HasEnded { get; private set; }

    public IReadOnlyDictionary<long, ListedSegment> Known => _playlists.Known;

    public static Uri WithDirectives(Uri uri, long msn, int? part, bool skip)
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"_HLS_msn={msn}{(part is null ? "" : $"&_HLS_part={part}")}{(skip ? "&_HLS_skip=YES" : "")}");
        var own = uri.Query.TrimStart('?');
        return new UriBuilder(uri) { Query = own.Length == 0 ? query : $"{own}&{query}" }.Uri;
    }

    public async Task FollowAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        var playlist = await _http.FetchPlaylistAsync(_uri, cancellationToken);
        if (playlist is null)
        {
            return;
        }

        Take(playlist, playlist.Segments);
        await ReadMediaAsync(playlist, onlyEdge: true, cancellationToken);
        for (var round = 0; !playlist.IsEnded && TimeProvider.System.GetElapsedTime(start) < duration; round++)
        {
            if (await ReloadAsync(playlist, round, cancellationToken) is not { } next)
            {
                return;
            }

            playlist = next;
        }

        HasEnded = playlist.IsEnded;
        if (HasEnded)
        {
            await CheckEndAsync(playlist, cancellationToken);
        }
    }

    private async Task<MediaPlaylist?> ReloadAsync(MediaPlaylist last, int round, CancellationToken cancellationToken)
    {
        var skip = round % 2 == 1 && MaySkip(last);
        var (msn, part) = (last.NextMsn, last.NextPart);
        var uri = WithDirectives(_uri, msn, part, skip);
        var hinted = last.HintedPart is { } hint && round % 3 != 0 ? FetchHintedAsync(new Uri(_uri, hint), cancellationToken) : null;
        var playlist = await _http.FetchPlaylistAsync(uri, cancellationToken, compressed: round % 4 == 2);
        if (playlist is null)
        {
            _report.Add(LlHlsRules.BlockingReload, $"Rendition {Name}: the request for {msn}.{part} failed.");
            return null;
        }

        var hasIt = playlist.IsEnded || playlist.NextMsn > msn || (playlist.NextMsn == msn && playlist.NextPart > part);
        _report.Require(hasIt, LlHlsRules.BlockingReload, $"Rendition {Name}: {msn}.{part} was asked for, and the answer ends with {playlist.NextMsn}.{playlist.NextPart - 1}.");

        var segments = playlist.Segments;
        if (playlist.Skipped > 0)
        {
            segments = await CheckDeltaAsync(playlist, cancellationToken) ?? segments;
        }

        if (round % 8 == 5)
        {
            await CheckTwinAsync(cancellationToken);
        }

        Take(playlist, segments);
        CheckReports(playlist);
        if (hinted is not null)
        {
            await CheckHintedAsync(last, playlist, await hinted);
        }

        await ReadMediaAsync(playlist, onlyEdge: false, cancellationToken);
        return playlist;
    }

    // Only while what is known reaches back far enough (6.3.7).
    private bool MaySkip(MediaPlaylist last)
    {
        var age = TimeProvider.System.GetElapsedTime(_takenAt).TotalSeconds;
        return double.TryParse(last.ServerControl.GetValueOrDefault("CAN-SKIP-UNTIL"), CultureInfo.InvariantCulture, out var boundary)
            && age < boundary / 2;
    }

    private void Take(MediaPlaylist playlist, IReadOnlyList<ListedSegment> segments)
    {
        _segments = segments;
        _takenAt = TimeProvider.System.GetTimestamp();
        _playlists.Check(playlist, segments);
        if (playlist.SaysIndependent)
        {
            foreach (var segment in segments)
            {
                _media.CheckIndependentSegment(segment);
            }
        }
    }

    private async Task<IReadOnlyList<ListedSegment>?> CheckDeltaAsync(MediaPlaylist delta, CancellationToken cancellationToken)
    {
        var rebuilt = delta.Complement([.. _playlists.Known.Values.OrderBy(segment => segment.Msn).Where(segment => segment.Msn >= delta.MediaSequence)]);
        if (rebuilt is null)
        {
            _report.Add(LlHlsRules.DeltaUpdate, $"Rendition {Name}: the update skips {delta.Skipped} segments from {delta.MediaSequence} on that were never listed.");
            return null;
        }

        var boundary = double.Parse(delta.ServerControl["CAN-SKIP-UNTIL"], CultureInfo.InvariantCulture);
        _report.Require(
            delta.Length >= boundary - 0.001,
            LlHlsRules.DeltaUpdate,
            $"Rendition {Name}: the update holds only {delta.Length:0.###} s with a boundary of {boundary} s.");

        // The same moment in full: the address of the last part is answered at once, while nothing newer has come.
        var whole = await _http.FetchPlaylistAsync(_uri, cancellationToken);
        if (whole is not null && whole.NextMsn == delta.NextMsn && whole.NextPart == delta.NextPart && whole.IsEnded == delta.IsEnded)
        {
            _report.CountDelta();
            var expected = whole.Segments.Select(Facts);
            _report.Require(
                expected.SequenceEqual(rebuilt.Select(Facts)) && whole.HintedPart == delta.HintedPart,
                LlHlsRules.DeltaUpdate,
                $"Rendition {Name}: the update at {delta.NextMsn}.{delta.NextPart} put together is not the whole playlist.");
        }

        return rebuilt;

        // Parts of older segments stay known after they are no longer listed.
        static (long, string?, double, bool, bool, DateTimeOffset?, string?) Facts(ListedSegment segment) => (
            segment.Msn, segment.Uri, Math.Round(segment.Duration, 5), segment.IsDiscontinuity, segment.IsGap, segment.Date, segment.Map);
    }

    private async Task CheckTwinAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var plain = await _http.FetchPlaylistAsync(_uri, cancellationToken);
            var compressed = await _http.FetchPlaylistAsync(_uri, cancellationToken, compressed: true);
            if (plain is null || compressed is null)
            {
                return;
            }

            if ((plain.NextMsn, plain.NextPart) == (compressed.NextMsn, compressed.NextPart))
            {
                _report.CountCompressed();
                _report.Require(plain.Text == compressed.Text, LlHlsRules.Compression, $"Rendition {Name}: the compressed playlist is another.");
                return;
            }
        }
    }

    private void CheckReports(MediaPlaylist playlist)
    {
        if (playlist.IsEnded)
        {
            return;
        }

        _report.Require(
            playlist.Reports.Count == _renditionCount - 1,
            LlHlsRules.RenditionReport,
            $"Rendition {Name}: {playlist.Reports.Count} reports with {_renditionCount} renditions.");
        foreach (var report in playlist.Reports)
        {
            _report.Require(
                Math.Abs(report.LastMsn - (playlist.NextPart > 0 ? playlist.NextMsn : playlist.NextMsn - 1)) <= 1 && report.LastPart is not null,
                LlHlsRules.RenditionReport,
                $"Rendition {Name}: {report.Uri} is said to be at {report.LastMsn}.{report.LastPart}.");
        }
    }

    private async Task<HttpAnswer> FetchHintedAsync(Uri uri, CancellationToken cancellationToken) => await _http.FetchAsync(uri, cancellationToken);

    private Task CheckHintedAsync(MediaPlaylist before, MediaPlaylist now, HttpAnswer answer)
    {
        var (msn, part) = (before.NextMsn, before.NextPart);
        var segment = _playlists.Known.GetValueOrDefault(msn);
        var came = segment is not null && part < segment.Parts.Count && new Uri(_uri, segment.Parts[part].Uri) == answer.Uri;
        if (!came)
        {
            // The plan has changed: a discontinuity, or the end.
            _report.Require(
                answer.Status is HttpStatusCode.NotFound or HttpStatusCode.OK,
                LlHlsRules.PreloadHint,
                $"Rendition {Name}: {answer.Uri} was withdrawn and answers {(int)answer.Status}.");
            return Task.CompletedTask;
        }

        _report.CountHinted();
        _report.Require(answer.IsOk, LlHlsRules.PreloadHint, $"Rendition {Name}: {answer.Uri} was hinted at and answers {(int)answer.Status}.");
        if (answer.IsOk && now.Segments.Count > 0)
        {
            CheckNewPart(segment!, part, answer.Body);
        }

        return Task.CompletedTask;
    }

    private async Task ReadMediaAsync(MediaPlaylist playlist, bool onlyEdge, CancellationToken cancellationToken)
    {
        foreach (var segment in playlist.Segments)
        {
            if (segment.Map is { } map && !_media.HasMap(map) && await _http.FetchMediaAsync(new Uri(_uri, map), cancellationToken) is { } section)
            {
                _media.AddMap(map, section);
            }
        }

        // Where a delta update names no section the one before it goes on.
        foreach (var listed in _segments)
        {
            if (!playlist.Segments.Any(segment => segment.Msn == listed.Msn))
            {
                continue;
            }

            for (var i = 0; i < listed.Parts.Count; i++)
            {
                if (!_partsRead.Contains((listed.Msn, i))
                    && await _http.FetchMediaAsync(new Uri(_uri, listed.Parts[i].Uri), cancellationToken) is { } bytes)
                {
                    CheckNewPart(listed, i, bytes);
                }
            }

            if (listed is { IsComplete: true, IsGap: false } && !(onlyEdge && listed.Parts.Count == 0) && _segmentsRead.Add(listed.Msn)
                && await _http.FetchMediaAsync(new Uri(_uri, listed.Uri!), cancellationToken) is { } whole)
            {
                _media.CheckSegment(listed, whole);
            }
        }
    }

    private void CheckNewPart(ListedSegment segment, int index, byte[] bytes)
    {
        if (segment.Map is { } map && _media.HasMap(map) && _partsRead.Add((segment.Msn, index)))
        {
            _media.CheckPart(segment, index, bytes, _playlists.Known.GetValueOrDefault(segment.Msn - 1));
        }
    }

    private async Task CheckEndAsync(MediaPlaylist playlist, CancellationToken cancellationToken)
    {
        // What would have been held is answered at once now.
        var again = await _http.FetchPlaylistAsync(WithDirectives(_uri, playlist.NextMsn, 0, skip: false), cancellationToken);
        _report.Require(again is { IsEnded: true }, LlHlsRules.EndList, $"Rendition {Name}: a request behind the end is not answered by the end.");
    }
}
