using System.Globalization;
using Roomcast.Egress.Recording;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>What is to be made of a recording. Paths of null are not made.</summary>
internal sealed record ConversionOrder
{
    /// <summary>The recording's fragments; it is only read. Null: it is only looked whether all that is needed is there.</summary>
    public string? Source { get; init; }

    /// <summary>Where a WebM file of picture and sound goes.</summary>
    public string? WebMPath { get; init; }

    /// <summary>Whether its picture is VP9, and not VP8.</summary>
    public bool IsVp9 { get; init; }

    /// <summary>Where fragments with the same picture and the sound encoded anew as AAC go.</summary>
    public string? FragmentsPath { get; init; }

    /// <summary>Where an MP3 file of the sound goes.</summary>
    public string? Mp3Path { get; init; }

    /// <summary>Whether the sound becomes one channel, the mean of both.</summary>
    public bool IsMono { get; init; }

    /// <summary>Bits per second of the picture.</summary>
    public int VideoBitrateBps { get; init; } = 2_500_000;

    /// <summary>Bits per second of a sound of two channels; one gets three quarters of them, or what its format has below.</summary>
    public int AudioBitrateBps { get; init; } = 128_000;

    /// <summary>Usual pictures per second, 10 to 60.</summary>
    public int FrameRate { get; init; } = 30;

    /// <summary>Bytes of the disk that are left to others.</summary>
    public long MinFreeBytes { get; init; }

    /// <summary>How modest the process is to be, 0 to 19.</summary>
    public int Nice { get; init; }

    /// <summary>The encoders that it takes.</summary>
    public IEnumerable<string> Encoders
    {
        get
        {
            if (WebMPath is not null)
            {
                yield return IsVp9 ? PictureWriter.Vp9 : PictureWriter.Vp8;
                yield return SoundEncoding.Vorbis;
            }

            if (FragmentsPath is not null)
            {
                yield return SoundEncoding.Aac;
            }

            if (Mp3Path is not null)
            {
                yield return SoundEncoding.Mp3;
            }
        }
    }

    /// <summary>Reads a command line; null when it is another.</summary>
    public static ConversionOrder? TryRead(IReadOnlyList<string> arguments)
    {
        if (arguments.Count % 2 == 0 || arguments[0] != ConversionWire.Argument)
        {
            return null;
        }

        var order = new ConversionOrder();
        for (var i = 1; i < arguments.Count; i += 2)
        {
            var (name, value) = (arguments[i], arguments[i + 1]);
            var isNumber = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
            ConversionOrder? next = name switch
            {
                "--source" => order with { Source = value },
                "--vp8" => order with { WebMPath = value },
                "--vp9" => order with { WebMPath = value, IsVp9 = true },
                "--aac" => order with { FragmentsPath = value },
                "--mp3" => order with { Mp3Path = value },
                "--channels" when value is "1" or "2" => order with { IsMono = value is "1" },
                "--video-bitrate" when isNumber && number is > 0 and <= 100_000_000 => order with { VideoBitrateBps = (int)number },
                "--audio-bitrate" when isNumber && number is >= 32_000 and <= 320_000 => order with { AudioBitrateBps = (int)number },
                "--frame-rate" when isNumber && number is >= 1 and <= 120 => order with { FrameRate = (int)number },
                "--min-free" when isNumber => order with { MinFreeBytes = number },
                "--nice" when isNumber && number <= 19 => order with { Nice = (int)number },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            order = next;
        }

        return order;
    }
}
