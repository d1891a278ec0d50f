namespace Roomcast.TestKit.Video;

/// <summary>How a picture clock is encoded.</summary>
public sealed record PictureClockOptions
{
    /// <summary>Pixels, a multiple of 40; default 640.</summary>
    public int Width { get; init; } = 640;

    /// <summary>Pixels, a multiple of 20; default 360.</summary>
    public int Height { get; init; } = 360;

    /// <summary>Default 30.</summary>
    public int FramesPerSecond { get; init; } = 30;

    /// <summary>FFmpeg's name of the encoder; default <c>libx264</c>.</summary>
    public string VideoEncoder { get; init; } = "libx264";

    /// <summary>Bits per second; default 1,500,000.</summary>
    public int VideoBitrateBps { get; init; } = 1_500_000;

    /// <summary>B-frames between two others; 0 (the default) also turns the encoder's own delay off.</summary>
    public int BFrames { get; init; }

    /// <summary>Between keyframes; default 2 s.</summary>
    public TimeSpan KeyframeInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether there is sound: a beep at each flash. Default true.</summary>
    public bool WithSound { get; init; } = true;

    /// <summary>The first timestamp; default zero. 16,777 s lies just below the limit of 24 bits of milliseconds.</summary>
    public TimeSpan FirstTimestamp { get; init; }

    /// <summary>The frame counter's first value, for a source that continues another. Default 0.</summary>
    public uint FirstCounter { get; init; }

    /// <summary>Whether frames are made at the pace of the wall clock (the default) or as fast as the encoder takes them.</summary>
    public bool IsLive { get; init; } = true;

    /// <summary>Ends by itself after so many frames; null (the default) goes on until stopped.</summary>
    public int? FrameCount { get; init; }
}
