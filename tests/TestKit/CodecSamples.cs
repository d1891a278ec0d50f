using Roomcast.Media.Codecs.H265;

namespace Roomcast.TestKit;

/// <summary>Decoder configurations that real encoders wrote (libx264, libx265, SVT-AV1, libvpx, the native AAC encoder, libopus).</summary>
public static class CodecSamples
{
    /// <summary>High, 642x362 by cropping, 25 fps, B-frames (reordering 2), BT.709.</summary>
    public static byte[] AvcHigh => Convert.FromHexString(
        "0164001effe1001e6764001eacd940a42fe224c05a808080a0000003002000000641e2c5b2c001000668ebe3cb22c0fdf8f800");

    /// <summary>Constrained baseline, 1280x720, 60 fps, no reordering.</summary>
    public static byte[] AvcBaseline => Convert.FromHexString(
        "0142c020ffe100186742c020d9005005bb0110000003001000000788f183248001000568cb83cb20");

    /// <summary>High, 720x576 interlaced, pixels 16:11, full range, 25 fps.</summary>
    public static byte[] AvcInterlaced => Convert.FromHexString(
        "0164001effe1001a6764001eacd940b424d82364000003000400000300c87c50a65801000668fba3cb22c0fdf8f800");

    /// <summary>High 4:2:2 of 10 bits, 322x182, pixels 7:5, 24000/1001 fps, with scaling matrices and a hypothetical decoder (HRD).</summary>
    public static byte[] AvcBroadcast => Convert.FromHexString(
        "017a000dffe10028677a000db6cd941519e222fff000700058800001f480005dc0301000f420003d09498600f142996001000768e938f2cc00b0fefafa00");

    /// <summary>High 4:4:4 Predictive, 322x182, 30 fps.</summary>
    public static byte[] AvcFullChroma => Convert.FromHexString(
        "01f4000dffe1001b67f4000d919b282a33c7c5e022000003000200000300781e28532c01000668ebe3c44844fff8f800");

    /// <summary>Every record of H.264 here.</summary>
    public static byte[][] AllAvc => [AvcHigh, AvcBaseline, AvcInterlaced, AvcBroadcast, AvcFullChroma];

    /// <summary>VPS, SPS and PPS of Main, 642x362, 25 fps.</summary>
    public static byte[][] HevcMainSets =>
    [
        Convert.FromHexString("40010c01ffff01600000030090000003000003003f959809"),
        Convert.FromHexString("42010101600000030090000003000003003fa005120171c9265959a4932bc05a020000030002000003003210"),
        Convert.FromHexString("4401c172b46240"),
    ];

    /// <summary>VPS, SPS and PPS of Main 10, 640x360, 30000/1001 fps, BT.2020 with PQ.</summary>
    public static byte[][] HevcMain10Sets =>
    [
        Convert.FromHexString("40010c01ffff02200000030090000003000003003f959809"),
        Convert.FromHexString("42010102200000030090000003000003003fa005020169365959a4932bc05a84880482000007d20000ea6010"),
        Convert.FromHexString("4401c172b46240"),
    ];

    /// <summary>
    /// Range extensions 4:2:2 of 10 bits, 322x182, pixels 7:5, 24000/1001 fps, two temporal layers, scaling lists, a display
    /// window, HRD and an SEI of the encoder.
    /// </summary>
    public static byte[] HevcBroadcast => Convert.FromHexString(
        "0104080000009d08000000003cf002fffefafa00001304a00001001b40010c02ffff0408000003009d0800000300003c00009598acc048a1000100444201"
        + "020408000003009d0800000300003c0000b00a480b9c96d965662b349272bffc001c0016d02db700000303e900005dc0600c965e001e840007a12e001e84"
        + "0007a122a2000100074401c172b4624027000100064e0181010f80");

    /// <summary>Every record of H.265 here.</summary>
    public static byte[][] AllHevc => [HevcMain, HevcMain10, HevcBroadcast];

    /// <summary>A record of <see cref="HevcMainSets"/>.</summary>
    public static byte[] HevcMain => BuildHevc(HevcMainSets);

    /// <summary>A record of <see cref="HevcMain10Sets"/>.</summary>
    public static byte[] HevcMain10 => BuildHevc(HevcMain10Sets);

    /// <summary>Main, level 2.0, 320x180, 8 bits.</summary>
    public static byte[] Av1Main => Convert.FromHexString("81000c000a0b000000043cfecc02f80040");

    /// <summary>Main of 10 bits, level 3.1, 1280x720, BT.2020 with PQ.</summary>
    public static byte[] Av1HighDynamicRange => Convert.FromHexString("81054c000a0e0000002d4cffb3c02f8509100904");

    /// <summary>The sequence header of the High profile, 320x180, 4:4:4: an OBU with its size.</summary>
    public static byte[] Av1FullChromaHeader => Convert.FromHexString("0a0a200000043cfeccdaf902");

    /// <summary>Profile 0, level 1.1, 8 bits, 4:2:0 colocated.</summary>
    public static byte[] Vp9 => Convert.FromHexString("000b820202020000");

    /// <summary>AAC-LC, 44,100 Hz, mono, with an SBR sync extension that says no SBR.</summary>
    public static byte[] AacLowComplexity => Convert.FromHexString("120856e500");

    /// <summary>Stereo, pre-skip 312.</summary>
    public static byte[] OpusStereo => Convert.FromHexString("0102380180bb0000000000");

    /// <summary>The same as MP4 keeps it.</summary>
    public static byte[] OpusStereoDOps => Convert.FromHexString("000201380000bb80000000");

    private static byte[] BuildHevc(byte[][] sets)
    {
        return HevcConfiguration.TryBuild([sets[0]], [sets[1]], [sets[2]], out var configuration, out var fault)
            ? configuration.Bytes.ToArray()
            : throw new InvalidOperationException($"The sets make no record: {fault}.");
    }
}
