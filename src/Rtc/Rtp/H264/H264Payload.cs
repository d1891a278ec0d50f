using System.Buffers.Binary;

namespace Roomcast.Rtc.Rtp.H264;

/// <summary>How NAL units lie in a packet (RFC 6184 section 5.4, packetization modes 0 and 1).</summary>
public enum H264PayloadForm
{
    /// <summary>One NAL unit is the payload.</summary>
    Single,

    /// <summary>Several NAL units, each behind its length (STAP-A).</summary>
    Aggregation,

    /// <summary>A piece of one NAL unit (FU-A).</summary>
    Fragment,
}

/// <summary>What an H.264 packet holds, as far as forwarding needs it.</summary>
/// <remarks>A plain value. Source: RFC 6184 sections 5.6 to 5.8.</remarks>
public readonly record struct H264Payload
{
    private const int Idr = 5;
    private const int SequenceParameters = 7;
    private const int StapA = 24;
    private const int FuA = 28;

    /// <summary>How the NAL units lie in the packet.</summary>
    public H264PayloadForm Form { get; private init; }

    /// <summary>Whether a keyframe begins here: its parameter sets, or the first of its slices.</summary>
    public bool StartsKeyframe { get; private init; }

    /// <summary>Whether a NAL unit begins here.</summary>
    public bool StartsUnit { get; private init; }

    /// <summary>Whether another picture may need it: nal_ref_idc is above zero.</summary>
    public bool IsReference { get; private init; }

    /// <summary>Reads a packet's payload.</summary>
    /// <returns>False when it is cut short, or of a kind that modes 0 and 1 do not have.</returns>
    public static bool TryRead(ReadOnlySpan<byte> payload, out H264Payload read)
    {
        read = default;
        if (payload.IsEmpty || (payload[0] & 0x80) != 0)
        {
            return false;
        }

        var type = payload[0] & 0x1F;
        var isReference = (payload[0] & 0x60) != 0;
        switch (type)
        {
            case >= 1 and <= 23:
                read = new H264Payload
                {
                    Form = H264PayloadForm.Single,
                    StartsKeyframe = type is Idr or SequenceParameters,
                    StartsUnit = true,
                    IsReference = isReference,
                };
                return true;

            case StapA:
                return TryReadAggregation(payload, isReference, out read);

            case FuA when payload.Length >= 3:
                var starts = (payload[1] & 0x80) != 0;
                var inner = payload[1] & 0x1F;
                read = new H264Payload
                {
                    Form = H264PayloadForm.Fragment,
                    StartsKeyframe = starts && inner is Idr or SequenceParameters,
                    StartsUnit = starts,
                    IsReference = isReference,
                };
                return true;

            default:
                return false;
        }
    }

    private static bool TryReadAggregation(ReadOnlySpan<byte> payload, bool isReference, out H264Payload read)
    {
        read = default;
        var startsKeyframe = false;
        var at = 1;
        while (at < payload.Length)
        {
            if (payload.Length < at + 2)
            {
                return false;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(payload[at..]);
            at += 2;
            if (length == 0 || length > payload.Length - at)
            {
                return false;
            }

            startsKeyframe |= (payload[at] & 0x1F) is Idr or SequenceParameters;
            at += length;
        }

        read = new H264Payload
        {
            Form = H264PayloadForm.Aggregation,
            StartsKeyframe = startsKeyframe,
            StartsUnit = true,
            IsReference = isReference,
        };
        return at > 1;
    }
}
