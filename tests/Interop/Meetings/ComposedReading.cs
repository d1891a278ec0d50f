using System.Diagnostics;
using System.Globalization;
using Roomcast.Egress.Composition.Layouts;

namespace Roomcast.Interop.Meetings;

/// <summary>A composed picture with its sound, as FFmpeg decodes it from a playlist, a file or a stream.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Pictures">Each as RGB, row by row.</param>
/// <param name="Sound">Mono, 48 kHz.</param>
internal sealed record ComposedReading(int Width, int Height, IReadOnlyList<byte[]> Pictures, float[] Sound)
{
    public const int SampleRateHz = 48_000;

    private const int LeastLight = 190;

    /// <summary>Decodes some seconds of it.</summary>
    public static async Task<ComposedReading> OfAsync(
        string input, TimeSpan length, int width = 320, int height = 180, bool withPicture = true, bool withSound = true)
    {
        var sound = Path.GetTempFileName();
        try
        {
            var seconds = length.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg",
            [
                "-hide_banner", "-nostats", "-nostdin", "-loglevel", "error", "-i", input,
                .. withPicture
                    ? (string[])["-t", seconds, "-map", "0:v:0", "-vf", $"scale={width}:{height}:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]
                    : [],
                .. withSound
                    ? (string[])["-map", "0:a:0", "-t", seconds, "-ac", "1", "-ar", $"{SampleRateHz}", "-f", "f32le", "-y", sound]
                    : [],
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var errors = ffmpeg.StandardError.ReadToEndAsync();
            var pictures = new List<byte[]>();
            var picture = new byte[width * height * 3];
            while (await ffmpeg.StandardOutput.BaseStream.ReadAtLeastAsync(picture, picture.Length, throwOnEndOfStream: false) == picture.Length)
            {
                pictures.Add((byte[])picture.Clone());
            }

            await ffmpeg.WaitForExitAsync();
            Assert.True(ffmpeg.ExitCode == 0, $"FFmpeg could not read {input}: {await errors}");
            var bytes = await File.ReadAllBytesAsync(sound);
            var samples = new float[bytes.Length / sizeof(float)];
            Buffer.BlockCopy(bytes, 0, samples, 0, samples.Length * sizeof(float));
            return new ComposedReading(width, height, pictures, samples);
        }
        finally
        {
            File.Delete(sound);
        }
    }

    /// <summary>The mean colour around a place of a picture, both from 0 to 1.</summary>
    public (int Red, int Green, int Blue) ColourAt(int picture, double x, double y)
    {
        var pixels = Pictures[picture];
        var (red, green, blue, count) = (0, 0, 0, 0);
        for (var row = (int)(y * Height) - 1; row <= (int)(y * Height) + 1; row++)
        {
            for (var column = (int)(x * Width) - 1; column <= (int)(x * Width) + 1; column++)
            {
                var at = ((row * Width) + column) * 3;
                (red, green, blue, count) = (red + pixels[at], green + pixels[at + 1], blue + pixels[at + 2], count + 1);
            }
        }

        return (red / count, green / count, blue / count);
    }

    /// <summary>Whether a place shows a participant's own colour.</summary>
    public bool Shows(int picture, double x, double y, int participant)
    {
        var (red, green, blue) = ColourAt(picture, x, y);
        var own = CodedPicture.Colours[participant];
        return Math.Abs(red - own.Red) < 50 && Math.Abs(green - own.Green) < 50 && Math.Abs(blue - own.Blue) < 50;
    }

    /// <summary>The pixels of an area that are as light as letters are.</summary>
    public int CountLight(int picture, TileArea area)
    {
        var (gray, count) = (GrayOf(picture), 0);
        for (var row = area.Top; row < area.Bottom; row++)
        {
            for (var column = area.Left; column < area.Right; column++)
            {
                count += gray[(row * Width) + column] > LeastLight ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>A picture as gray.</summary>
    public byte[] GrayOf(int picture) => [.. Pictures[picture].Chunk(3).Select(pixel => (byte)((pixel[0] + pixel[1] + pixel[2]) / 3))];

    /// <summary>How many pictures differ from the one before.</summary>
    public int Changes()
    {
        var changes = 0;
        for (var i = 1; i < Pictures.Count; i++)
        {
            changes += Pictures[i].AsSpan().SequenceEqual(Pictures[i - 1]) ? 0 : 1;
        }

        return changes;
    }

    /// <summary>
    /// How loud a tone is in all of the sound, in decibels of full scale: for telling that it is not there. A tone that is stretched to
    /// follow its sender's clock, or begins anew, comes out quieter the longer the sound is (<see cref="LoudestOf"/>).
    /// </summary>
    public double LevelOf(int frequencyHz) => LevelOf(Sound, frequencyHz);

    /// <summary>How loud a tone is where it is loudest in the last three seconds, in decibels of full scale: for telling that it is there.</summary>
    public double LoudestOf(int frequencyHz)
    {
        const int Window = SampleRateHz / 10;
        var loudest = double.NegativeInfinity;
        for (var at = Math.Max(0, Sound.Length - (3 * SampleRateHz)); at + Window <= Sound.Length; at += Window / 2)
        {
            loudest = Math.Max(loudest, LevelOf(Sound.AsSpan(at, Window), frequencyHz));
        }

        return loudest;
    }

    private static double LevelOf(ReadOnlySpan<float> sound, int frequencyHz)
    {
        var (real, imaginary) = (0.0, 0.0);
        for (var i = 0; i < sound.Length; i++)
        {
            var angle = 2 * Math.PI * frequencyHz * i / SampleRateHz;
            real += sound[i] * Math.Cos(angle);
            imaginary += sound[i] * Math.Sin(angle);
        }

        return 20 * Math.Log10((2 * Math.Sqrt((real * real) + (imaginary * imaginary)) / Math.Max(1, sound.Length)) + 1e-9);
    }
}
