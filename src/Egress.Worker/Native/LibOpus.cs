using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>The functions of libopus that decoding needs. FFmpeg's own decoders offer no in-band redundancy, hence this one.</summary>
internal static unsafe partial class LibOpus
{
    [LibraryImport(CodecLibraries.Opus)]
    public static partial nint opus_decoder_create(int sampleRateHz, int channels, int* error);

    [LibraryImport(CodecLibraries.Opus)]
    public static partial void opus_decoder_destroy(nint decoder);

    /// <summary>Decodes; with no data makes up what is missing, with <paramref name="redundancy"/> 1 takes what was before the packet.</summary>
    /// <returns>Samples of each channel, or an error below zero.</returns>
    [LibraryImport(CodecLibraries.Opus)]
    public static partial int opus_decode_float(nint decoder, byte* data, int length, float* samples, int room, int redundancy);
}
