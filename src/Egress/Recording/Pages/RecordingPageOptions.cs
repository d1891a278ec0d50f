using System.Net;
using Microsoft.Extensions.Options;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>How web pages are recorded.</summary>
public sealed class RecordingPageOptions
{
    /// <summary>A Chromium's program: <c>auto</c> for the first that is installed, <c>off</c> for none, or its path; default <c>auto</c>.</summary>
    public string Browser { get; set; } = "auto";

    /// <summary>Most pages recorded at once, each with a browser of its own; 1 to 100; default 2.</summary>
    public int MaxPages { get; set; } = 2;

    /// <summary>
    /// Networks that are not open to the whole internet and that pages may be loaded from nevertheless; default none. Link-local addresses
    /// can never be.
    /// </summary>
    public IReadOnlyList<IPNetwork> PrivateNetworks { get; set; } = [];
}

/// <summary>Checks <see cref="RecordingPageOptions"/>.</summary>
public sealed class RecordingPageOptionsValidator : IValidateOptions<RecordingPageOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RecordingPageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();
        if (options.MaxPages is < 1 or > 100)
        {
            result.AddError($"{options.MaxPages} is outside 1 to 100.", nameof(options.MaxPages));
        }

        if (options.Browser.Length == 0)
        {
            result.AddError("auto, off or a path is wanted.", nameof(options.Browser));
        }

        return result.Build();
    }
}
