using Microsoft.Extensions.Options;

namespace Roomcast.Meetings.Blobs;

/// <summary>How files sent in a chat are kept, and for how long the chat itself is.</summary>
public sealed class ChatFileOptions
{
    /// <summary>Largest file in bytes; 1 KiB to 1 GiB; default 25 MiB.</summary>
    public long MaxFileBytes { get; set; } = 25L << 20;

    /// <summary>
    /// How long files, and messages, of a meeting that does not persist its chat are kept after the session; 1 min to 365 days;
    /// default 7 days.
    /// </summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long an address to upload to can be used; 10 s to 1 h; default 10 min.</summary>
    public TimeSpan UploadTime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Files that each participant may send: so many at once, and over each hour as many again; 1 to 100,000; default 60. At the
    /// largest size they are 1.5 GiB.
    /// </summary>
    public int UploadsPerHour { get; set; } = 60;

    /// <summary>The endings that a file's name may have, such as <c>png, pdf</c>, up to 1,024 characters; null, the default, for any.</summary>
    public string? AllowedEndings { get; set; }

    /// <summary>Whether a file whose name ends like a picture's must be one; on by default.</summary>
    public bool ChecksPictures { get; set; } = true;

    /// <summary>Free space in bytes that uploads leave on the disk; 0 to 1 PiB; default 256 MiB.</summary>
    public long MinFreeBytes { get; set; } = 256L << 20;

    /// <summary>Where the files are, used by this server alone: a full path. The host sets it.</summary>
    public string Folder { get; set; } = "";

    /// <summary>Where browsers reach this server, for example <c>https://meet.example.org:8443</c>; a slash at its end is tolerated. The host sets it.</summary>
    public string BaseAddress { get; set; } = "";

    /// <summary>The allowed endings in lower case without a dot; empty for any.</summary>
    internal IReadOnlySet<string> Endings => (AllowedEndings ?? "")
        .Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(ending => ending.TrimStart('.'))
        .ToHashSet(StringComparer.OrdinalIgnoreCase);
}

/// <summary>Checks <see cref="ChatFileOptions"/>.</summary>
public sealed class ChatFileOptionsValidator : IValidateOptions<ChatFileOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ChatFileOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.MaxFileBytes is < 1 << 10 or > 1 << 30)
        {
            result.AddError($"{options.MaxFileBytes} bytes is outside 1 KiB to 1 GiB.", nameof(options.MaxFileBytes));
        }

        if (options.Retention < TimeSpan.FromMinutes(1) || options.Retention > TimeSpan.FromDays(365))
        {
            result.AddError($"{options.Retention} is outside 1 min to 365 days.", nameof(options.Retention));
        }

        if (options.UploadTime < TimeSpan.FromSeconds(10) || options.UploadTime > TimeSpan.FromHours(1))
        {
            result.AddError($"{options.UploadTime} is outside 10 s to 1 h.", nameof(options.UploadTime));
        }

        if (options.UploadsPerHour is < 1 or > 100_000)
        {
            result.AddError($"{options.UploadsPerHour} is outside 1 to 100,000.", nameof(options.UploadsPerHour));
        }

        if (options.MinFreeBytes is < 0 or > 1L << 50)
        {
            result.AddError($"{options.MinFreeBytes} bytes is outside 0 to 1 PiB.", nameof(options.MinFreeBytes));
        }

        if (options.AllowedEndings?.Length > 1_024 || !options.Endings.All(ending => ending.Length > 0 && ending.All(char.IsAsciiLetterOrDigit)))
        {
            result.AddError("An ending consists of letters and digits, such as png; endings are separated by commas.", nameof(options.AllowedEndings));
        }

        return result.Build();
    }
}
