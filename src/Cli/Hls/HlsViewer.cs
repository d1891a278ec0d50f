using System.Globalization;
using System.Net;

namespace Roomcast.Cli.Hls;

/// <summary>How well a livestream plays.</summary>
internal sealed record HlsFigures
{
    /// <summary>Segments that were received.</summary>
    public int Segments { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Media that was received.</summary>
    public TimeSpan Received { get; init; }

    /// <summary>Media that was played.</summary>
    public TimeSpan Played { get; init; }

    /// <summary>How often it stood still because nothing was there to be played.</summary>
    public int Stalls { get; init; }

    /// <summary>For how long.</summary>
    public TimeSpan Stalled { get; init; }

    /// <summary>Requests that failed.</summary>
    public int Errors { get; init; }

    /// <summary>How far behind the encoder it plays; null while the playlist does not tell the time.</summary>
    public TimeSpan? Latency { get; init; }

    /// <summary>Bits in a second of media.</summary>
    public double BitrateBps => Received > TimeSpan.Zero ? Bytes * 8 / Received.TotalSeconds : 0;
}

/// <summary>A viewer of whole segments: fetches as a player does, and reckons what it would play, without decoding.</summary>
internal sealed class HlsViewer(HttpClient http, Uri address, TimeProvider time)
{
    private const int MaxPlaylist = 4 << 20;
    private const int MaxSegment = 64 << 20;
    private const int MaxFaults = 10; // One after another; then it is given up.
    private const int StartBehind = 3; // Segments behind the newest, as players are told to (RFC 8216 section 6.3.3).

    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);

    private Stream? _record;
    private HlsFigures _figures = new();
    private long? _playingSince;
    private Uri? _init;

    /// <summary>Opens what takes what was received, when there is something; null for nobody.</summary>
    public Func<Stream>? Record { get; init; }

    /// <summary>How it stands.</summary>
    public HlsFigures Figures => _figures;

    /// <summary>Watches until the livestream has ended.</summary>
    /// <param name="patience">How long it may take until the first segment is there.</param>
    /// <param name="ending">Ends it.</param>
    /// <returns>False when it was ended before the livestream.</returns>
    /// <exception cref="CliException">Unreachable; NotAllowed.</exception>
    public async Task<bool> WatchAsync(TimeSpan patience, CancellationToken ending)
    {
        var begun = time.GetTimestamp();
        try
        {
            var media = await FindMediaAsync(begun, patience, ending);
            return media is not null && await FollowAsync(media, begun, patience, ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            if (_record is not null)
            {
                await _record.DisposeAsync();
            }
        }
    }

    private async Task<Uri?> FindMediaAsync(long begun, TimeSpan patience, CancellationToken ending)
    {
        while (true)
        {
            if (await FetchAsync(address, MaxPlaylist, isMissingFine: true, ending) is { } bytes)
            {
                var playlist = HlsPlaylist.Read(System.Text.Encoding.UTF8.GetString(bytes), address);
                if (playlist.Variants.Count > 0)
                {
                    return playlist.Variants[0].Address;
                }

                if (playlist.Segments.Count > 0 || playlist.IsEnded)
                {
                    return address;
                }
            }

            if (time.GetElapsedTime(begun) > patience)
            {
                return null;
            }

            await Task.Delay(AskAgain, time, ending);
        }
    }

    private async Task<bool> FollowAsync(Uri media, long begun, TimeSpan patience, CancellationToken ending)
    {
        long? next = null;
        var canBlock = false;
        var faults = 0;
        while (true)
        {
            if (_figures.Segments == 0 && time.GetElapsedTime(begun) > patience)
            {
                return false;
            }

            var asked = canBlock && next is { } number
                ? new Uri(media + (media.Query.Length > 0 ? "&" : "?") + string.Create(CultureInfo.InvariantCulture, $"_HLS_msn={number}"))
                : media;
            if (await FetchAsync(asked, MaxPlaylist, isMissingFine: true, ending) is not { } bytes)
            {
                if (_figures.Segments > 0 && ++faults >= MaxFaults)
                {
                    return true; // What was there is gone.
                }

                canBlock = false; // The server began anew, perhaps with other numbers.
                await Task.Delay(AskAgain, time, ending);
                continue;
            }

            faults = 0;
            var playlist = HlsPlaylist.Read(System.Text.Encoding.UTF8.GetString(bytes), media);
            canBlock = playlist.CanBlock;
            if (next > playlist.Segments.LastOrDefault()?.Number + 1)
            {
                next = null; // Numbers that begin anew.
            }

            next ??= playlist.Segments.Count == 0 ? null : playlist.Segments[Math.Max(0, playlist.Segments.Count - StartBehind)].Number;
            var isNew = false;
            foreach (var segment in playlist.Segments.Where(segment => segment.Number >= next))
            {
                next = segment.Number + 1;
                isNew = true;
                if (!segment.IsGap)
                {
                    await TakeAsync(segment, ending);
                }
            }

            if (playlist.IsEnded)
            {
                Reckon(null);
                return true;
            }

            if (!canBlock || !isNew)
            {
                var pause = playlist.TargetDuration / (isNew ? 1 : 2);
                await Task.Delay(pause > ShortestPause ? pause : ShortestPause, time, ending);
            }
        }
    }

    private async Task TakeAsync(HlsSegment segment, CancellationToken ending)
    {
        if (segment.Init is { } init && init != _init)
        {
            if (await FetchAsync(init, MaxSegment, isMissingFine: false, ending) is { } start)
            {
                _init = init;
                await WriteAsync(start, ending);
            }
        }

        if (await FetchAsync(segment.Address, MaxSegment, isMissingFine: false, ending) is not { } bytes)
        {
            return;
        }

        _figures = _figures with { Segments = _figures.Segments + 1, Bytes = _figures.Bytes + bytes.Length, Received = _figures.Received + segment.Duration };
        _playingSince ??= time.GetTimestamp();
        Reckon(segment);
        await WriteAsync(bytes, ending);
    }

    // What has been received by now is played in real time from the first segment on; where it is used up, it stands still.
    private void Reckon(HlsSegment? segment)
    {
        if (_playingSince is not { } since)
        {
            return;
        }

        var before = segment is null ? _figures.Received : _figures.Received - segment.Duration;
        var ready = time.GetElapsedTime(since) - _figures.Stalled;
        if (ready > before && _figures.Segments > 1)
        {
            _figures = _figures with { Stalls = _figures.Stalls + 1, Stalled = _figures.Stalled + (ready - before) };
            ready = before;
        }

        _figures = _figures with
        {
            Played = ready < _figures.Received ? ready : _figures.Received,
            Latency = segment?.Date is { } date ? time.GetUtcNow() - (date + (ready - before)) : _figures.Latency,
        };
    }

    private async Task WriteAsync(byte[] bytes, CancellationToken ending)
    {
        _record ??= Record?.Invoke();
        if (_record is not null)
        {
            await _record.WriteAsync(bytes, ending);
        }
    }

    private async Task<byte[]?> FetchAsync(Uri from, int most, bool isMissingFine, CancellationToken ending)
    {
        try
        {
            using var response = await http.GetAsync(from, HttpCompletionOption.ResponseHeadersRead, ending);
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                throw new CliException(ExitCode.NotAllowed, "This livestream is not open to everybody: its address needs a token.");
            }

            if (!response.IsSuccessStatusCode || response.Content.Headers.ContentLength > most)
            {
                Count(isMissingFine && response.StatusCode is HttpStatusCode.NotFound ? 0 : 1);
                return null;
            }

            await response.Content.LoadIntoBufferAsync(most, ending);
            return await response.Content.ReadAsByteArrayAsync(ending);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TaskCanceledException && !ending.IsCancellationRequested)
        {
            Count(1);
            return _figures.Segments == 0 && _figures.Errors >= MaxFaults
                ? throw new CliException(ExitCode.Unreachable, $"{from.Authority} cannot be reached.", fault)
                : null;
        }
    }

    private void Count(int errors) => _figures = _figures with { Errors = _figures.Errors + errors };
}
