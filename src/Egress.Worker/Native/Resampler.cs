using System.Runtime.InteropServices;

namespace Roomcast.Egress.Worker.Native;

/// <summary>The functions of libswresample that playing needs.</summary>
internal static unsafe partial class LibSwResample
{
    [LibraryImport(CodecLibraries.SwResample)]
    public static partial nint swr_alloc();

    [LibraryImport(CodecLibraries.SwResample)]
    public static partial int swr_init(nint context);

    [LibraryImport(CodecLibraries.SwResample)]
    public static partial void swr_free(ref nint context);

    [LibraryImport(CodecLibraries.SwResample)]
    public static partial int swr_convert(nint context, byte** output, int room, byte** input, int count);
}

/// <summary>Brings sound of any rate, layout and format to stereo floats at 48 kHz. Owned by one thread.</summary>
internal sealed unsafe class Resampler : SafeHandle
{
    /// <summary>What comes out.</summary>
    public const int SampleRateHz = 48_000;

    // A frame of sound has some 8,192 samples at the very most with any codec that is played; what has no room here comes with the next.
    private const int MaxSamples = 64 * 1_024;
    private const int LeastRateHz = 4_000;
    private const int MostRateHz = 384_000;

    private readonly float[] _samples = new float[MaxSamples * 2];
    private (int Format, int RateHz, string Layout) _input;

    public Resampler()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Converts a frame; the channels in turn, lent until the next call. Empty when it cannot.</summary>
    public ReadOnlySpan<float> Convert(AvFrame frame, int rateHz)
    {
        if (!Prepare(frame, rateHz))
        {
            return default;
        }

        fixed (float* start = _samples)
        {
            var output = (byte*)start;
            var count = LibSwResample.swr_convert(handle, &output, MaxSamples, frame.Planes, frame.Samples);
            return count <= 0 ? default : _samples.AsSpan(0, count * 2);
        }
    }

    /// <summary>Forgets what it holds back: what follows is of elsewhere.</summary>
    public void Forget() => _input = default;

    protected override bool ReleaseHandle()
    {
        LibSwResample.swr_free(ref handle);
        return true;
    }

    private bool Prepare(AvFrame frame, int rateHz)
    {
        if (rateHz is < LeastRateHz or > MostRateHz || frame.Samples > MaxSamples)
        {
            return false;
        }

        var text = stackalloc byte[128];
        if (LibAvUtil.av_channel_layout_describe(frame.Pointer + AvLayout.FrameChannelLayout, text, 128) < 0)
        {
            return false;
        }

        var input = (frame.Format, rateHz, Marshal.PtrToStringUTF8((nint)text) ?? "");
        if (input == _input)
        {
            return true;
        }

        LibSwResample.swr_free(ref handle);
        SetHandle(LibSwResample.swr_alloc());
        _input = input;
        (string Name, string Value)[] options =
        [
            ("in_chlayout", input.Item3),
            ("in_sample_rate", rateHz.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("in_sample_fmt", Marshal.PtrToStringUTF8(LibAvUtil.av_get_sample_fmt_name(frame.Format)) ?? ""),
            ("out_chlayout", "stereo"),
            ("out_sample_rate", "48000"),
            ("out_sample_fmt", "flt"),
        ];
        foreach (var (name, value) in options)
        {
            if (LibAvUtil.av_opt_set(handle, name, value, 0) < 0)
            {
                _input = default;
                return false;
            }
        }

        if (LibSwResample.swr_init(handle) >= 0)
        {
            return true;
        }

        _input = default;
        return false;
    }
}
