using Microsoft.Extensions.Options;

namespace Roomcast.Livestreams.Delivery;

/// <summary>Bounds of delivery, and where it keeps what does not fit in memory. How media is cut stands in <see cref="Hls.HlsOptions"/>.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Most requests of one livestream that are held at once; 1 to 1,000,000; default 10,000. Beyond it: 503.</summary>
    public int MaxHeldPerLivestream { get; set; } = 10_000;

    /// <summary>Most requests of all livestreams that are held at once; 1 to 1,000,000; default 20,000. Beyond it: 503.</summary>
    public int MaxHeld { get; set; } = 20_000;

    /// <summary>
    /// Most requests of one address that are held at once, over all livestreams; an IPv6 /64 counts as one. 0 to 1,000,000;
    /// default 2,000. 0 sets no bound, as behind a proxy whose viewers all have its address. Beyond it: 503.
    /// </summary>
    public int MaxHeldPerAddress { get; set; } = 2_000;

    /// <summary>
    /// A folder for older segments, used by this server alone: it is emptied at the start. Null, the default, keeps everything
    /// in memory and shortens the window when that is full.
    /// </summary>
    public string? SegmentFolder { get; set; }

    /// <summary>
    /// Free space, in bytes, that segments leave on the disk of their folder; 0 to 1 PiB; default 256 MiB. Below it they stay in
    /// memory, which shortens the window when that is full.
    /// </summary>
    public long MinFreeBytes { get; set; } = 256L << 20;
}

internal sealed class DeliveryOptionsValidator : IValidateOptions<DeliveryOptions>
{
    private const int Most = 1_000_000;

    public ValidateOptionsResult Validate(string? name, DeliveryOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        Check(options.MaxHeldPerLivestream, nameof(options.MaxHeldPerLivestream));
        Check(options.MaxHeld, nameof(options.MaxHeld));
        Check(options.MaxHeldPerAddress, nameof(options.MaxHeldPerAddress), least: 0);
        if (options.SegmentFolder is { } folder && !Path.IsPathFullyQualified(folder))
        {
            result.AddError($"\"{folder}\" is not a full path.", nameof(options.SegmentFolder));
        }

        if (options.MinFreeBytes is < 0 or > 1L << 50)
        {
            result.AddError($"{options.MinFreeBytes} bytes is outside 0 to 1 PiB.", nameof(options.MinFreeBytes));
        }

        return result.Build();

        void Check(int value, string property, int least = 1)
        {
            if (value < least || value > Most)
            {
                result.AddError($"{value} is outside {least} to {Most}.", property);
            }
        }
    }
}

internal sealed class HlsOptionsValidator : IValidateOptions<Hls.HlsOptions>
{
    public ValidateOptionsResult Validate(string? name, Hls.HlsOptions options) =>
        options.Validate() is { Count: > 0 } faults ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
}
