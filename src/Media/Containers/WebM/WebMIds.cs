namespace Roomcast.Media.Containers.WebM;

/// <summary>The ids of the elements of WebM that are looked at (RFC 9559, section 5).</summary>
internal static class WebMIds
{
    public const uint Header = 0x1A45_DFA3;
    public const uint DocType = 0x4282;
    public const uint Segment = 0x1853_8067;
    public const uint Information = 0x1549_A966;
    public const uint TimeScale = 0x2A_D7B1;
    public const uint Duration = 0x4489;
    public const uint Tracks = 0x1654_AE6B;
    public const uint TrackEntry = 0xAE;
    public const uint TrackNumber = 0xD7;
    public const uint TrackType = 0x83;
    public const uint CodecId = 0x86;
    public const uint Encodings = 0x6D80;
    public const uint Video = 0xE0;
    public const uint Width = 0xB0;
    public const uint Height = 0xBA;
    public const uint Projection = 0x7670;
    public const uint Roll = 0x7675;
    public const uint Audio = 0xE1;
    public const uint Channels = 0x9F;
    public const uint Cluster = 0x1F43_B675;
    public const uint ClusterTime = 0xE7;
    public const uint SimpleBlock = 0xA3;
    public const uint BlockGroup = 0xA0;
    public const uint Block = 0xA1;
    public const uint BlockDuration = 0x9B;
    public const uint Reference = 0xFB;
    public const uint Cues = 0x1C53_BB6B;
}
