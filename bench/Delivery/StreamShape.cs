using Roomcast.TestKit.Hls;

namespace Roomcast.Bench.Delivery;

/// <summary>The stream that is watched: 1.5 Mbit/s, parts of 500 ms, segments of 2 s.</summary>
internal static class StreamShape
{
    public const int PartsPerSegment = 4;

    public static readonly TimeSpan Part = TimeSpan.FromMilliseconds(500);

    // 59 pictures and a keyframe of eight times their size in two seconds, beside a little sound.
    public static SyntheticSource Source { get; } = new() { PictureBytes = 5_550 };

    /// <summary>What players send along.</summary>
    public const string UserAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
}
