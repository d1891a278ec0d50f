namespace Roomcast.Media.Containers.Mp4;

/// <summary>The flags of a sample (ISO/IEC 14496-12 section 8.8.3.1).</summary>
internal static class Mp4SampleFlags
{
    /// <summary>Cannot be decoded alone.</summary>
    public const uint IsNotSync = 0x0001_0000;

    private const uint DependsOnNone = 0x0200_0000;
    private const uint DependsOnOthers = 0x0100_0000;

    public static uint Of(bool isKeyframe) => isKeyframe ? DependsOnNone : DependsOnOthers | IsNotSync;
}
