using System.Globalization;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;

namespace Roomcast.Server.Live;

/// <summary>How composed meetings look, where nobody asks for anything else.</summary>
internal sealed class SceneStyleOptions
{
    /// <summary>How pictures are laid out; default automatic.</summary>
    public SceneLayout Layout { get; set; }

    /// <summary>Background as #rrggbb; default #101418.</summary>
    public string BackgroundColor { get; set; } = "#101418";

    /// <summary>A file of PNG or JPEG that fills the background; null for the colour alone.</summary>
    public string? BackgroundFile { get; set; }

    /// <summary>A file of PNG or JPEG at a corner of livestreams and of recordings without a watermark of their own; null for none.</summary>
    public string? WatermarkFile { get; set; }

    /// <summary>Where; default at the right, above.</summary>
    public SceneCorner WatermarkCorner { get; set; } = SceneCorner.RightTop;

    /// <summary>Whether pictures of participants may be at addresses of private networks; off by default.</summary>
    public bool AllowsPrivatePictures { get; set; }

    /// <summary>Where fetched pictures are kept while they are used, a full path. The host sets it.</summary>
    public string PictureFolder { get; set; } = "";

    /// <summary>Reads #rrggbb.</summary>
    public static bool TryReadColor(string text, out int rgb)
    {
        rgb = 0;
        return text.Length == 7 && text[0] == '#' && int.TryParse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out rgb);
    }
}

internal sealed class SceneStyleOptionsValidator : IValidateOptions<SceneStyleOptions>
{
    public ValidateOptionsResult Validate(string? name, SceneStyleOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (!SceneStyleOptions.TryReadColor(options.BackgroundColor, out _))
        {
            result.AddError($"'{options.BackgroundColor}' is not a colour such as #101418.", nameof(options.BackgroundColor));
        }

        foreach (var (file, property) in new[] { (options.BackgroundFile, nameof(options.BackgroundFile)), (options.WatermarkFile, nameof(options.WatermarkFile)) })
        {
            if (file is not null && !File.Exists(file))
            {
                result.AddError($"There is no file '{file}'.", property);
            }
        }

        return result.Build();
    }
}
