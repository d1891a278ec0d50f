using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Roomcast.Rtmp.Amf;

/// <summary>Writes AMF0. Source: AMF0 specification of 2007, section 2.</summary>
/// <remarks>What we send we have built ourselves: trees without cycles, of a known depth.</remarks>
internal static class Amf0Writer
{
    /// <summary>Writes one value with its marker.</summary>
    public static void Write(IBufferWriter<byte> output, AmfValue value)
    {
        switch (value)
        {
            case AmfNumber number:
                WriteNumber(output, number.Value);
                break;
            case AmfBoolean boolean:
                output.Write<byte>([(byte)Amf0Marker.Boolean, boolean.Value ? (byte)1 : (byte)0]);
                break;
            case AmfString text:
                WriteString(output, text.Value);
                break;
            case AmfNull:
                WriteMarker(output, Amf0Marker.Null);
                break;
            case AmfUndefined:
                WriteMarker(output, Amf0Marker.Undefined);
                break;
            case AmfObject properties:
                WriteObject(output, properties);
                break;
            case AmfArray array:
                WriteMarker(output, Amf0Marker.StrictArray);
                WriteUInt32(output, (uint)array.Items.Count);
                foreach (var item in array.Items)
                {
                    Write(output, item);
                }

                break;
            case AmfDate date:
                WriteMarker(output, Amf0Marker.Date);
                BinaryPrimitives.WriteDoubleBigEndian(output.GetSpan(8), date.MillisecondsSinceEpoch);
                output.Advance(8);
                output.Write<byte>([0, 0]); // The time zone is reserved and zero.
                break;
            case AmfXml xml:
                WriteMarker(output, Amf0Marker.XmlDocument);
                WriteLongText(output, xml.Text);
                break;
            default:
                throw new ArgumentException($"AMF0 has no form for {value.GetType().Name}.", nameof(value));
        }
    }

    /// <summary>Writes a number with its marker.</summary>
    public static void WriteNumber(IBufferWriter<byte> output, double value)
    {
        WriteMarker(output, Amf0Marker.Number);
        BinaryPrimitives.WriteDoubleBigEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    /// <summary>Writes a string with the marker that its length needs.</summary>
    public static void WriteString(IBufferWriter<byte> output, string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= ushort.MaxValue)
        {
            WriteMarker(output, Amf0Marker.String);
            WriteShortText(output, text);
        }
        else
        {
            WriteMarker(output, Amf0Marker.LongString);
            WriteLongText(output, text);
        }
    }

    private static void WriteObject(IBufferWriter<byte> output, AmfObject value)
    {
        if (value.ClassName is { } className)
        {
            WriteMarker(output, Amf0Marker.TypedObject);
            WriteShortText(output, className);
        }
        else if (value.IsEcmaArray)
        {
            WriteMarker(output, Amf0Marker.EcmaArray);
            WriteUInt32(output, (uint)value.Properties.Count);
        }
        else
        {
            WriteMarker(output, Amf0Marker.Object);
        }

        foreach (var (name, property) in value.Properties)
        {
            WriteShortText(output, name);
            Write(output, property);
        }

        output.Write<byte>([0, 0, (byte)Amf0Marker.ObjectEnd]);
    }

    private static void WriteMarker(IBufferWriter<byte> output, Amf0Marker marker) => output.Write<byte>([(byte)marker]);

    private static void WriteUInt32(IBufferWriter<byte> output, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(4), value);
        output.Advance(4);
    }

    private static void WriteShortText(IBufferWriter<byte> output, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ushort.MaxValue);
        var span = output.GetSpan(2 + length);
        BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)length);
        Encoding.UTF8.GetBytes(text, span[2..]);
        output.Advance(2 + length);
    }

    private static void WriteLongText(IBufferWriter<byte> output, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        WriteUInt32(output, (uint)length);
        Encoding.UTF8.GetBytes(text, output.GetSpan(length));
        output.Advance(length);
    }
}
