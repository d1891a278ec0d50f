namespace Roomcast.Interop.Meetings;

/// <summary>
/// Pictures that say who sends them and which one they are, through any codec and at any size: a colour for the participant,
/// eight blocks with the number of the picture, eight with its complement, and a bar whose place follows from the number.
/// </summary>
/// <remarks>The browser reads the same with a canvas (<see cref="MeetProbe"/>).</remarks>
internal static class CodedPicture
{
    public const int Numbers = 256;

    /// <summary>Colours that no codec mistakes for one another, as (Y, U, V) and roughly (R, G, B).</summary>
    public static readonly IReadOnlyList<(byte Y, byte U, byte V, int Red, int Green, int Blue)> Colours =
    [
        (Y: 90, U: 100, V: 200, Red: 201, Green: 39, Blue: 30),
        (Y: 120, U: 70, V: 60, Red: 12, Green: 198, Blue: 4),
        (Y: 80, U: 200, V: 100, Red: 30, Green: 69, Blue: 220),
        (Y: 170, U: 40, V: 150, Red: 214, Green: 196, Blue: 2),
    ];

    /// <summary>Writes a file of pictures that a browser takes for a camera and plays again and again.</summary>
    /// <param name="path">Where to; YUV4MPEG2.</param>
    /// <param name="participant">From 0 to 3.</param>
    /// <param name="width">A multiple of 16.</param>
    /// <param name="height">A multiple of 12.</param>
    /// <param name="framesPerSecond">Their pace.</param>
    /// <param name="count">How many; the last one is followed by the first.</param>
    public static void WriteVideo(string path, int participant, int width, int height, int framesPerSecond, int count = Numbers)
    {
        var (luma, blue, red, _, _, _) = Colours[participant];
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        file.Write(System.Text.Encoding.ASCII.GetBytes($"YUV4MPEG2 W{width} H{height} F{framesPerSecond}:1 Ip A1:1 C420jpeg\n"));
        var plane = new byte[width * height];
        var chroma = new byte[plane.Length / 4];
        for (var number = 0; number < count; number++)
        {
            file.Write("FRAME\n"u8);
            DrawLuma(plane, width, height, number, luma);
            file.Write(plane);
            FillChroma(chroma, width / 2, height / 2, blue);
            file.Write(chroma);
            FillChroma(chroma, width / 2, height / 2, red);
            file.Write(chroma);
        }
    }

    /// <summary>A tone that comes and goes twice a second, so that no noise suppression takes it for noise.</summary>
    /// <param name="path">Where to; WAV, 48 kHz, 16 bits, mono.</param>
    /// <param name="frequencyHz">The tone.</param>
    public static void WriteTone(string path, int frequencyHz)
    {
        const int Rate = 48_000;
        const int Seconds = 4;
        using var writer = new BinaryWriter(File.Create(path));
        const int Bytes = Rate * Seconds * 2;
        writer.Write("RIFF"u8);
        writer.Write(36 + Bytes);
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)1);
        writer.Write((short)1);
        writer.Write(Rate);
        writer.Write(Rate * 2);
        writer.Write((short)2);
        writer.Write((short)16);
        writer.Write("data"u8);
        writer.Write(Bytes);
        for (var sample = 0; sample < Rate * Seconds; sample++)
        {
            var time = (double)sample / Rate;
            var isOn = time % 0.5 < 0.22;
            writer.Write((short)(isOn ? 12_000 * Math.Sin(2 * Math.PI * frequencyHz * time) : 0));
        }
    }

    private static void DrawLuma(Span<byte> plane, int width, int height, int number, byte luma)
    {
        var (block, row) = (width / 8, height / 6);
        var bar = number * (width - block) / Numbers;
        for (var y = 0; y < height; y++)
        {
            var line = plane.Slice(y * width, width);
            if (y < 2 * row)
            {
                for (var bit = 0; bit < 8; bit++)
                {
                    var isSet = ((number >> (7 - bit)) & 1) == 1;
                    line.Slice(bit * block, block).Fill(isSet == y < row ? (byte)235 : (byte)16);
                }
            }
            else if (y < 4 * row)
            {
                line.Fill(luma);
            }
            else
            {
                line.Fill(16);
                line.Slice(bar, block).Fill(235);
            }
        }
    }

    /// <summary>Colour in the middle only, so that blocks and bar are black and white.</summary>
    private static void FillChroma(Span<byte> plane, int width, int height, byte value)
    {
        var row = height / 6;
        for (var y = 0; y < height; y++)
        {
            plane.Slice(y * width, width).Fill(y >= 2 * row && y < 4 * row ? value : (byte)128);
        }
    }
}
