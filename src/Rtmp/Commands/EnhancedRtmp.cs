using Roomcast.Media;
using Roomcast.Rtmp.Amf;

namespace Roomcast.Rtmp.Commands;

/// <summary>What the two sides tell each other about Enhanced RTMP.</summary>
/// <remarks>Source: Enhanced RTMP v2, "Enhancing NetConnection connect Command".</remarks>
[Flags]
public enum RtmpCapabilities
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Understands a request to connect anew.</summary>
    Reconnect = 1,

    /// <summary>Understands several tracks of one kind.</summary>
    Multitrack = 2,

    /// <summary>Can step over packet modifiers.</summary>
    ModEx = 4,

    /// <summary>Understands timestamps finer than a millisecond.</summary>
    TimestampNanoOffset = 8,
}

/// <summary>The Enhanced RTMP properties of connect and its answer.</summary>
internal static class EnhancedRtmp
{
    private const double CanForward = 4;

    private static readonly string[] VideoFourCcs = ["avc1", "hvc1", "av01", "vp09"];
    private static readonly string[] AudioFourCcs = ["mp4a", "Opus"];

    /// <summary>Whether a client says anything of it. One that does not gets the classic answer, free of surprises.</summary>
    public static bool IsSpokenBy(AmfObject connect) =>
        connect["fourCcList"] is not null
        || connect["videoFourCcInfoMap"] is not null
        || connect["audioFourCcInfoMap"] is not null
        || connect["capsEx"] is not null;

    /// <summary>What the client can do.</summary>
    public static RtmpCapabilities CapabilitiesOf(AmfObject connect) =>
        connect["capsEx"]?.AsNumber() is { } bits and >= 0 and <= int.MaxValue ? (RtmpCapabilities)(int)bits & AllCapabilities : 0;

    /// <summary>Adds what we take in: forwarded as it comes, never decoded.</summary>
    public static void AddTo(AmfObject target)
    {
        var list = new AmfArray();
        foreach (var fourCc in (string[])[.. VideoFourCcs, .. AudioFourCcs])
        {
            list.Add(fourCc);
        }

        target
            .Add("fourCcList", list)
            .Add("videoFourCcInfoMap", MapOf(VideoFourCcs))
            .Add("audioFourCcInfoMap", MapOf(AudioFourCcs))
            .Add("capsEx", (double)AllCapabilities);
    }

    /// <summary>The codecs that a server says it takes, in the properties or the information of its answer to connect.</summary>
    public static IReadOnlyCollection<Codec> CodecsOf(params ReadOnlySpan<AmfObject?> answers)
    {
        var codecs = new HashSet<Codec>();
        foreach (var answer in answers)
        {
            foreach (var item in (answer?["fourCcList"] as AmfArray)?.Items ?? [])
            {
                AddNamed(item.AsString(), codecs);
            }

            foreach (var (name, _) in (answer?["videoFourCcInfoMap"] as AmfObject)?.Properties ?? [])
            {
                AddNamed(name, codecs);
            }

            foreach (var (name, _) in (answer?["audioFourCcInfoMap"] as AmfObject)?.Properties ?? [])
            {
                AddNamed(name, codecs);
            }
        }

        return codecs;
    }

    private static void AddNamed(string? fourCc, HashSet<Codec> codecs)
    {
        switch (fourCc)
        {
            case "hvc1":
                codecs.Add(Codec.H265);
                break;
            case "av01":
                codecs.Add(Codec.Av1);
                break;
            case "vp09":
                codecs.Add(Codec.Vp9);
                break;
            case "Opus":
                codecs.Add(Codec.Opus);
                break;
            case "*":
                codecs.UnionWith([Codec.H265, Codec.Av1, Codec.Vp9, Codec.Opus]);
                break;
        }
    }

    private const RtmpCapabilities AllCapabilities =
        RtmpCapabilities.Reconnect | RtmpCapabilities.Multitrack | RtmpCapabilities.ModEx | RtmpCapabilities.TimestampNanoOffset;

    private static AmfObject MapOf(string[] fourCcs)
    {
        var map = new AmfObject();
        foreach (var fourCc in fourCcs)
        {
            map.Add(fourCc, CanForward);
        }

        return map;
    }
}
