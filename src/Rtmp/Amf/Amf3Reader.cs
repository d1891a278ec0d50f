using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Roomcast.Rtmp.Amf;

/// <summary>The byte in front of each AMF3 value. Source: AMF3 specification, section 3.1.</summary>
internal enum Amf3Marker : byte
{
    Undefined = 0x00,
    Null = 0x01,
    False = 0x02,
    True = 0x03,
    Integer = 0x04,
    Double = 0x05,
    String = 0x06,
    XmlDocument = 0x07,
    Date = 0x08,
    Array = 0x09,
    Object = 0x0A,
    Xml = 0x0B,
    ByteArray = 0x0C,
    VectorInt = 0x0D,
    VectorUInt = 0x0E,
    VectorDouble = 0x0F,
    VectorObject = 0x10,
    Dictionary = 0x11,
}

/// <summary>What AMF3 values of one message may refer back to.</summary>
internal sealed class Amf3Tables
{
    public List<string> Strings { get; } = [];

    public List<AmfValue> Objects { get; } = [];

    public List<Amf3Traits> Traits { get; } = [];
}

/// <summary>The shape of a class: its name and its sealed members.</summary>
internal sealed record Amf3Traits(string ClassName, bool IsDynamic, bool IsExternalizable, string[] Members);

/// <summary>Takes AMF3 values out of a message. Source: AMF3 specification of 2013, section 3.</summary>
internal ref struct Amf3Reader(ReadOnlySpan<byte> bytes, AmfBudget budget, Amf3Tables tables)
{
    private const int MaxMembers = 256;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>Bytes used so far.</summary>
    public readonly int Consumed => _at;

    private readonly ReadOnlySpan<byte> Rest => _bytes[_at..];

    /// <summary>Reads one value; the result is as <see cref="Amf0Reader.TryRead(out AmfValue?)"/> describes it.</summary>
    /// <param name="depth">How many objects and arrays this value lies in.</param>
    /// <param name="value">The value, or what there was of it.</param>
    public OperationStatus TryRead(int depth, out AmfValue? value)
    {
        value = null;
        if (_at >= _bytes.Length)
        {
            return OperationStatus.NeedMoreData;
        }

        if (depth > AmfBudget.MaxDepth || !budget.TryTake())
        {
            return OperationStatus.InvalidData;
        }

        switch ((Amf3Marker)_bytes[_at++])
        {
            case Amf3Marker.Undefined:
                value = AmfValue.Undefined;
                return OperationStatus.Done;

            case Amf3Marker.Null:
                value = AmfValue.Null;
                return OperationStatus.Done;

            case Amf3Marker.False:
                value = false;
                return OperationStatus.Done;

            case Amf3Marker.True:
                value = true;
                return OperationStatus.Done;

            case Amf3Marker.Integer:
                if (!TryReadU29(out var integer))
                {
                    return OperationStatus.NeedMoreData;
                }

                value = (double)((int)(integer << 3) >> 3); // 29 bits, signed.
                return OperationStatus.Done;

            case Amf3Marker.Double:
                return TryReadDouble(out value);

            case Amf3Marker.String:
                var status = TryReadString(out var text);
                value = status is OperationStatus.Done ? new AmfString(text) : null;
                return status;

            case Amf3Marker.XmlDocument or Amf3Marker.Xml:
                return TryReadBlock(static block => new AmfXml(Encoding.UTF8.GetString(block)), out value);

            case Amf3Marker.ByteArray:
                return TryReadBlock(static block => new AmfBytes(block.ToArray()), out value);

            case Amf3Marker.Date:
                return TryReadDate(out value);

            case Amf3Marker.Array:
                return TryReadArray(depth, out value);

            case Amf3Marker.Object:
                return TryReadObject(depth, out value);

            case Amf3Marker.VectorInt:
                return TryReadVector(itemBytes: 4, static item => BinaryPrimitives.ReadInt32BigEndian(item), out value);

            case Amf3Marker.VectorUInt:
                return TryReadVector(itemBytes: 4, static item => BinaryPrimitives.ReadUInt32BigEndian(item), out value);

            case Amf3Marker.VectorDouble:
                return TryReadVector(itemBytes: 8, static item => BinaryPrimitives.ReadDoubleBigEndian(item), out value);

            case Amf3Marker.VectorObject:
                return TryReadObjectVector(depth, out value);

            case Amf3Marker.Dictionary:
                return TryReadDictionary(depth, out value);

            default:
                return OperationStatus.InvalidData;
        }
    }

    // U29: up to four bytes, seven bits each but eight in the fourth. Section 1.3.1.
    private bool TryReadU29(out uint value)
    {
        value = 0;
        for (var i = 0; i < 4; i++)
        {
            if (_at + i >= _bytes.Length)
            {
                return false;
            }

            var next = _bytes[_at + i];
            if (i == 3)
            {
                value = (value << 8) | next;
                _at += 4;
                return true;
            }

            value = (value << 7) | (uint)(next & 0x7F);
            if ((next & 0x80) == 0)
            {
                _at += i + 1;
                return true;
            }
        }

        return false;
    }

    private OperationStatus TryReadDouble(out AmfValue? value)
    {
        value = null;
        if (Rest.Length < 8)
        {
            return OperationStatus.NeedMoreData;
        }

        value = BinaryPrimitives.ReadDoubleBigEndian(Rest);
        _at += 8;
        return OperationStatus.Done;
    }

    private OperationStatus TryReadString(out string text)
    {
        text = "";
        if (!TryReadU29(out var head))
        {
            return OperationStatus.NeedMoreData;
        }

        if ((head & 1) == 0)
        {
            if (head >> 1 >= tables.Strings.Count)
            {
                return OperationStatus.InvalidData;
            }

            text = tables.Strings[(int)(head >> 1)];
            return OperationStatus.Done;
        }

        var length = head >> 1;
        if (length > Rest.Length)
        {
            return OperationStatus.NeedMoreData;
        }

        text = Encoding.UTF8.GetString(Rest[..(int)length]);
        _at += (int)length;
        if (length > 0)
        {
            if (!budget.TryTake())
            {
                return OperationStatus.InvalidData;
            }

            tables.Strings.Add(text); // The empty string is never referred to.
        }

        return OperationStatus.Done;
    }

    /// <summary>Reads the head that complex values share: a reference to an earlier one, or the count of this one.</summary>
    /// <returns>Whether <paramref name="value"/> is already decided, by reference or by a fault.</returns>
    private bool TryReadHead(out uint count, out AmfValue? value, out OperationStatus status)
    {
        value = null;
        status = OperationStatus.Done;
        count = 0;
        if (!TryReadU29(out var head))
        {
            status = OperationStatus.NeedMoreData;
            return true;
        }

        count = head >> 1;
        if ((head & 1) != 0)
        {
            return false;
        }

        if (count >= tables.Objects.Count)
        {
            status = OperationStatus.InvalidData;
            return true;
        }

        value = tables.Objects[(int)count];
        return true;
    }

    private delegate AmfValue BlockMaker(ReadOnlySpan<byte> block);

    private OperationStatus TryReadBlock(BlockMaker make, out AmfValue? value)
    {
        if (TryReadHead(out var length, out value, out var status))
        {
            return status;
        }

        if (length > Rest.Length)
        {
            return OperationStatus.NeedMoreData;
        }

        value = make(Rest[..(int)length]);
        _at += (int)length;
        tables.Objects.Add(value);
        return OperationStatus.Done;
    }

    private OperationStatus TryReadDate(out AmfValue? value)
    {
        if (TryReadHead(out _, out value, out var status))
        {
            return status;
        }

        if (Rest.Length < 8)
        {
            return OperationStatus.NeedMoreData;
        }

        value = new AmfDate(BinaryPrimitives.ReadDoubleBigEndian(Rest));
        _at += 8;
        tables.Objects.Add(value);
        return OperationStatus.Done;
    }

    private OperationStatus TryReadArray(int depth, out AmfValue? value)
    {
        if (TryReadHead(out var count, out value, out var status))
        {
            return status;
        }

        // An array is a dense part and a part with names. Only one of the two is ever used, so a named part makes it an
        // object and a dense one an array; with both, the dense items follow under their indexes.
        var place = tables.Objects.Count;
        var named = new AmfObject { IsEcmaArray = true };
        var dense = new AmfArray();
        value = dense;
        tables.Objects.Add(dense);
        while (true)
        {
            status = TryReadString(out var name);
            if (status is not OperationStatus.Done)
            {
                return status;
            }

            if (name.Length == 0)
            {
                break;
            }

            value = tables.Objects[place] = named;
            status = TryRead(depth + 1, out var item);
            if (item is not null)
            {
                named.Add(name, item);
            }

            if (status is not OperationStatus.Done)
            {
                return status;
            }
        }

        for (uint i = 0; i < count; i++)
        {
            status = TryRead(depth + 1, out var item);
            if (item is not null)
            {
                if (ReferenceEquals(value, named))
                {
                    named.Add(i.ToString(System.Globalization.CultureInfo.InvariantCulture), item);
                }
                else
                {
                    dense.Add(item);
                }
            }

            if (status is not OperationStatus.Done)
            {
                return status;
            }
        }

        return OperationStatus.Done;
    }

    private OperationStatus TryReadObject(int depth, out AmfValue? value)
    {
        if (TryReadHead(out var head, out value, out var status))
        {
            return status;
        }

        status = TryReadTraits(head, out var traits);
        if (status is not OperationStatus.Done)
        {
            return status;
        }

        if (traits.IsExternalizable)
        {
            // The class alone knows its form, but the collections of Flex hold exactly one value.
            if (traits.ClassName is not ("flex.messaging.io.ArrayCollection" or "flex.messaging.io.ObjectProxy"))
            {
                return OperationStatus.InvalidData;
            }

            var place = tables.Objects.Count;
            tables.Objects.Add(AmfValue.Null);
            status = TryRead(depth + 1, out value);
            tables.Objects[place] = value ?? AmfValue.Null;
            return status;
        }

        var target = new AmfObject { ClassName = traits.ClassName.Length == 0 ? null : traits.ClassName };
        value = target;
        tables.Objects.Add(target);
        foreach (var member in traits.Members)
        {
            status = TryReadProperty(target, member, depth);
            if (status is not OperationStatus.Done)
            {
                return status;
            }
        }

        while (traits.IsDynamic)
        {
            status = TryReadString(out var name);
            if (status is not OperationStatus.Done || name.Length == 0)
            {
                return status;
            }

            status = TryReadProperty(target, name, depth);
            if (status is not OperationStatus.Done)
            {
                return status;
            }
        }

        return OperationStatus.Done;
    }

    // Of the head without its lowest bit: bit 0 says whether traits follow or are referred to, bit 1 externalizable,
    // bit 2 dynamic, the rest counts the sealed members. Section 3.12.
    private OperationStatus TryReadTraits(uint head, out Amf3Traits traits)
    {
        traits = null!;
        if ((head & 1) == 0)
        {
            if (head >> 1 >= tables.Traits.Count)
            {
                return OperationStatus.InvalidData;
            }

            traits = tables.Traits[(int)(head >> 1)];
            return OperationStatus.Done;
        }

        var count = head >> 3;
        if (count > MaxMembers)
        {
            return OperationStatus.InvalidData;
        }

        var status = TryReadString(out var className);
        if (status is not OperationStatus.Done)
        {
            return status;
        }

        var members = new string[count];
        for (var i = 0; i < members.Length; i++)
        {
            status = TryReadString(out members[i]);
            if (status is not OperationStatus.Done)
            {
                return status;
            }
        }

        traits = new Amf3Traits(className, (head & 4) != 0, (head & 2) != 0, members);
        tables.Traits.Add(traits);
        return OperationStatus.Done;
    }

    private OperationStatus TryReadProperty(AmfObject target, string name, int depth)
    {
        var status = TryRead(depth + 1, out var property);
        if (property is not null)
        {
            target.Add(name, property);
        }

        return status;
    }

    private delegate double ItemReader(ReadOnlySpan<byte> item);

    private OperationStatus TryReadVector(int itemBytes, ItemReader read, out AmfValue? value)
    {
        if (TryReadHead(out var count, out value, out var status))
        {
            return status;
        }

        if (Rest.Length < 1 || count > (Rest.Length - 1) / itemBytes)
        {
            return OperationStatus.NeedMoreData;
        }

        _at++; // Whether the vector has a fixed length.
        var array = new AmfArray();
        value = array;
        tables.Objects.Add(array);
        for (uint i = 0; i < count; i++)
        {
            if (!budget.TryTake())
            {
                return OperationStatus.InvalidData;
            }

            array.Add(read(Rest));
            _at += itemBytes;
        }

        return OperationStatus.Done;
    }

    private OperationStatus TryReadObjectVector(int depth, out AmfValue? value)
    {
        if (TryReadHead(out var count, out value, out var status))
        {
            return status;
        }

        if (Rest.IsEmpty)
        {
            return OperationStatus.NeedMoreData;
        }

        _at++; // Whether the vector has a fixed length.
        var array = new AmfArray();
        value = array;
        tables.Objects.Add(array);
        status = TryReadString(out _); // The type of the items.
        for (uint i = 0; i < count && status is OperationStatus.Done; i++)
        {
            status = TryRead(depth + 1, out var item);
            if (item is not null)
            {
                array.Add(item);
            }
        }

        return status;
    }

    private OperationStatus TryReadDictionary(int depth, out AmfValue? value)
    {
        if (TryReadHead(out var count, out value, out var status))
        {
            return status;
        }

        if (Rest.IsEmpty)
        {
            return OperationStatus.NeedMoreData;
        }

        _at++; // Whether keys are held weakly.
        var target = new AmfObject();
        value = target;
        tables.Objects.Add(target);
        for (uint i = 0; i < count; i++)
        {
            status = TryRead(depth + 1, out var key);
            if (status is not OperationStatus.Done)
            {
                return status;
            }

            var name = key switch
            {
                AmfString text => text.Value,
                AmfNumber number => number.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
                _ => "",
            };
            status = TryReadProperty(target, name, depth);
            if (status is not OperationStatus.Done)
            {
                return status;
            }
        }

        return OperationStatus.Done;
    }
}
