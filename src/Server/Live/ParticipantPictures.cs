using System.Globalization;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;

namespace Roomcast.Server.Live;

/// <summary>
/// Pictures of participants, and those of the looks of livestreams, fetched from the addresses that customers gave and kept as files
/// for the composing workers. Thread-safe.
/// </summary>
/// <remarks>
/// Nobody waits for one: until it is there, initials are shown, or the usual look. A picture is good for an hour, what could not be had is tried again
/// after five minutes, and of more than 200 the one asked for longest ago is given up.
/// </remarks>
internal sealed class ParticipantPictures : IDisposable
{
    public const int MostKept = 200;

    private const int MostAtOnce = 4;
    private const int LongestAddress = 2_048;

    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    public static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _atOnce = new(MostAtOnce);
    private readonly CancellationTokenSource _stopping = new();
    private readonly PictureFetch _fetch;
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private long _asked;
    private long _files;

    public ParticipantPictures(IOptions<SceneStyleOptions> options, TimeProvider time, ILogger<ParticipantPictures> logger)
    {
        _fetch = new PictureFetch(options.Value.AllowsPrivatePictures);
        _folder = options.Value.PictureFolder;
        _time = time;
        _logger = logger;
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true); // Of a server that ran before.
        }
    }

    /// <summary>Called with the address whose picture has come, or come anew; must not block.</summary>
    public event Action<string>? Fetched;

    /// <summary>The file of a picture; null while there is none, which has it fetched.</summary>
    /// <param name="address">As the customer gave it; may be empty.</param>
    public string? FileOf(string address)
    {
        if (address.Length is 0 or > LongestAddress)
        {
            return null;
        }

        lock (_lock)
        {
            if (!_entries.TryGetValue(address, out var entry))
            {
                if (_entries.Count >= MostKept && !GiveUpOne())
                {
                    return null;
                }

                _entries[address] = entry = new Entry();
            }

            entry.AskedAt = ++_asked;
            var age = _time.GetElapsedTime(entry.TriedAt);
            if (!entry.IsUnderWay && (!entry.WasTried || age >= (entry.File is null ? RetryAfter : Lifetime)))
            {
                entry.IsUnderWay = true;
                _ = Task.Run(() => FetchAsync(address, entry));
            }

            return entry.File;
        }
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _fetch.Dispose();
    }

    private async Task FetchAsync(string address, Entry entry)
    {
        try
        {
            await _atOnce.WaitAsync(_stopping.Token);
            FetchedPicture picture;
            try
            {
                picture = await _fetch.FetchAsync(address, _stopping.Token);
            }
            finally
            {
                _atOnce.Release();
            }

            var file = picture.Bytes is { } bytes ? await KeepAsync(bytes, picture.Ending!) : null;
            if (file is null)
            {
                LiveLog.NoPicture(_logger, HostOf(address), picture.Fault ?? "it cannot be written to the disk.");
            }

            string? old;
            bool isWanted;
            lock (_lock)
            {
                isWanted = _entries.GetValueOrDefault(address) == entry;
                (old, entry.File) = (entry.File, file ?? entry.File);
                (entry.TriedAt, entry.WasTried, entry.IsUnderWay) = (_time.GetTimestamp(), true, false);
            }

            Delete(!isWanted ? file : file is not null ? old : null);
            if (isWanted && file is not null)
            {
                Fetched?.Invoke(address);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task<string?> KeepAsync(byte[] bytes, string ending)
    {
        // A name of its own each time, so that a worker takes a new picture for a new one.
        var number = Interlocked.Increment(ref _files).ToString(CultureInfo.InvariantCulture);
        var file = Path.Combine(_folder, $"{number}.{ending}");
        try
        {
            Directory.CreateDirectory(_folder);
            await File.WriteAllBytesAsync(file, bytes, _stopping.Token);
            return file;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private bool GiveUpOne()
    {
        var oldest = _entries.Where(pair => !pair.Value.IsUnderWay).MinBy(pair => pair.Value.AskedAt);
        if (oldest.Key is null)
        {
            return false; // All of them are being fetched.
        }

        _entries.Remove(oldest.Key);
        Delete(oldest.Value.File);
        return true;
    }

    private static void Delete(string? file)
    {
        try
        {
            if (file is not null)
            {
                File.Delete(file);
            }
        }
        catch (IOException)
        {
            // It goes with the folder, at the next start.
        }
    }

    // An address may hold a token: its host is enough to find it.
    private static string HostOf(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri.Host : "an address that is none";

    private sealed class Entry
    {
        public string? File { get; set; }

        public bool IsUnderWay { get; set; }

        public bool WasTried { get; set; }

        public long TriedAt { get; set; }

        public long AskedAt { get; set; }
    }
}
