using System.Collections.Immutable;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Opus;

namespace Roomcast.Egress.Composition;

/// <summary>Who is to be seen and heard, and how: all that a composition knows of a session. Immutable; a change makes another one.</summary>
public sealed record Scene
{
    /// <summary>Nobody, on the default background.</summary>
    public static readonly Scene Empty = new();

    /// <summary>How the pictures are laid out; default <see cref="SceneLayout.Automatic"/>.</summary>
    public SceneLayout Layout { get; init; }

    /// <summary>Those on stage, in the order they came.</summary>
    public ImmutableArray<ScenePeer> Peers { get; init; } = [];

    /// <summary><see cref="ScenePeer.Id"/> of who speaks, or spoke last; null before anybody did.</summary>
    public string? SpeakerId { get; init; }

    /// <summary><see cref="ScenePeer.Id"/> of who is put first by a host's choice; null when nobody is.</summary>
    public string? SpotlightId { get; init; }

    /// <summary>Background as RGB, for example 0x101418.</summary>
    public int BackgroundRgb { get; init; } = 0x10_14_18;

    /// <summary>A file with a picture (PNG or JPEG) that fills the background; null for the colour alone.</summary>
    public string? BackgroundFile { get; init; }

    /// <summary>A picture at a corner; null for none.</summary>
    public SceneWatermark? Watermark { get; init; }

    /// <summary>What an empty stage says; default nothing.</summary>
    public string SlateText { get; init; } = "";

    /// <summary>Most tiles of a grid, 1 to 25; default 25.</summary>
    public int MostTiles { get; init; } = Layouts.SceneArrangement.MaxTiles;

    /// <summary>Whether names are shown on the tiles; default true.</summary>
    public bool ShowsNames { get; init; } = true;

    /// <summary>Whether tiles have labels at all: the name, a microphone that is off, a screen; default true.</summary>
    public bool ShowsLabels { get; init; } = true;
}

/// <summary>How the pictures of a scene are laid out.</summary>
public enum SceneLayout
{
    /// <summary>A shared screen with a strip at its side while there is one, else the spotlight, else the grid.</summary>
    Automatic,

    /// <summary>Equal tiles for all.</summary>
    Grid,

    /// <summary>Who speaks large, the others in a strip.</summary>
    Speaker,

    /// <summary>The chosen one large, alone.</summary>
    Spotlight,

    /// <summary>The shared screen large, people in a strip at its side.</summary>
    ScreenShare,

    /// <summary>One picture fills everything: the shared screen, else the chosen one, else who speaks.</summary>
    Single,
}

/// <summary>Somebody on stage.</summary>
/// <param name="Id">Unique in the session.</param>
/// <param name="Name">As it stands on the tile.</param>
public sealed record ScenePeer(string Id, string Name)
{
    /// <summary>A file with a picture (PNG or JPEG) for the tile of who has no camera on; null for initials.</summary>
    public string? PictureFile { get; init; }

    /// <summary>Whether it is heard and has no tile.</summary>
    public bool IsUnseen { get; init; }

    /// <summary>The camera; null or paused shows the avatar.</summary>
    public SceneTrack? Camera { get; init; }

    /// <summary>The microphone; null or paused shows the muted mark.</summary>
    public SceneTrack? Microphone { get; init; }

    /// <summary>The picture of the shared screen.</summary>
    public SceneTrack? Screen { get; init; }

    /// <summary>The sound of the shared screen.</summary>
    public SceneTrack? ScreenSound { get; init; }
}

/// <summary>A track that arrives as RTP.</summary>
/// <param name="Ssrc">By which its packets and sender reports are known. Unique in the session, and new for each track.</param>
/// <param name="Codec">What it is encoded with.</param>
/// <param name="PayloadType">By which its payload is known.</param>
public sealed record SceneTrack(uint Ssrc, SceneCodec Codec, byte PayloadType)
{
    /// <summary>Whether it is held back: nothing arrives, and nothing of it is to be seen or heard.</summary>
    public bool IsPaused { get; init; }

    /// <summary>For sound: how much louder or softer than it was sent, in decibels, -50 to 50; default 0. -50 is silence.</summary>
    public double GainDb { get; init; }

    /// <summary>A <see cref="GainDb"/> that is silence.</summary>
    public const double SilentDb = -50;

    private static readonly TimeSpan UsualPacket = TimeSpan.FromMilliseconds(20);

    /// <summary>For sound: the level in dBFS below which it is silent; null (the default) for none.</summary>
    public double? GateDb { get; init; }

    /// <summary>
    /// For sound: whether its sender reports give the moment at which a packet was complete as that of the packet's first sample, as
    /// browsers do. What was sounded then comes earlier by the length of a packet than the reports say. Default false, as RFC 3550
    /// section 6.4.1 has it.
    /// </summary>
    public bool ReportsPacketEnds { get; init; }

    /// <summary>The timestamp of what was sounded at the moment that a sender report tells of.</summary>
    /// <param name="timestamp">The report's own.</param>
    /// <param name="packet">How long the packets of this track are; zero where none is known, which is taken for the 20 ms of browsers.</param>
    public uint ReportedTimestamp(uint timestamp, TimeSpan packet) => ReportsPacketEnds
        ? unchecked(timestamp + (uint)((packet > TimeSpan.Zero ? packet : UsualPacket).Ticks * OpusPayload.ClockRateHz / TimeSpan.TicksPerSecond))
        : timestamp;

    /// <summary>Id of the video orientation extension (3GPP TS 26.114 section 7.4.5) in its packets; 0 (the default) when they carry none.</summary>
    public byte OrientationId { get; init; }

    /// <summary>The byte of the video orientation extension in a packet; null where it carries none.</summary>
    /// <param name="header">The packet's header.</param>
    /// <param name="packet">All of its bytes.</param>
    public byte? OrientationIn(in RtpHeader header, ReadOnlySpan<byte> packet)
    {
        if (OrientationId == 0)
        {
            return null;
        }

        var extensions = header.ExtensionsOf(packet);
        while (extensions.TryRead(out var id, out var value))
        {
            if (id == OrientationId && value.Length == 1)
            {
                return value[0];
            }
        }

        return null;
    }
}

/// <summary>What a track is encoded with.</summary>
public enum SceneCodec
{
    /// <summary>Opus, RTP clock 48 kHz (RFC 7587).</summary>
    Opus,

    /// <summary>VP8, RTP clock 90 kHz (RFC 7741).</summary>
    Vp8,
}

/// <summary>A picture laid over a corner of everything.</summary>
/// <param name="File">A file with a picture, PNG (with transparency) or JPEG.</param>
/// <param name="Corner">Where.</param>
/// <param name="Width">In pixels, 1 or more; 0 for its own.</param>
/// <param name="Height">In pixels, 1 or more; 0 for its own.</param>
public sealed record SceneWatermark(string File, SceneCorner Corner, int Width, int Height);

/// <summary>A corner of the picture.</summary>
public enum SceneCorner
{
    /// <summary>Left top.</summary>
    LeftTop,

    /// <summary>Right top.</summary>
    RightTop,

    /// <summary>Left bottom.</summary>
    LeftBottom,

    /// <summary>Right bottom.</summary>
    RightBottom,
}
