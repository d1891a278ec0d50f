using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Roomcast.Rtmp.Amf;

/// <summary>Takes AMF0 values out of one message. Source: AMF0 specification of 2007, section 2.</summary>
/// <remarks>
/// A marker of a later or unknown type cannot be skipped, as its length is not known: the reader then says
/// <see cref="OperationStatus.InvalidData"/> and the message's earlier values stay good.
/// </remarks>
internal ref struct Amf0Reader
{
    private readonly AmfBudget _budget = new();
    private readonly ReadOnlySpan<byte> _bytes;
    private List<AmfValue>? _complex;
    private Amf3Tables? _amf3Tables;
    private int _at;

    public Amf0Reader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Whether everything has been read.</summary>
    public readonly bool IsAtEnd => _at >= _bytes.Length;

    private readonly ReadOnlySpan<byte> Rest => _bytes[_at..];

    /// <summary>Reads every value of a message, up to the first that cannot be read.</summary>
    /// <param name="bytes">The message.</param>
    /// <param name="status">
    /// <c>Done</c> when all of it was understood. Otherwise the list ends with the value that was cut off or that holds
    /// something unknown, as far as it could be read.
    /// </param>
    public static List<AmfValue> ReadAll(ReadOnlySpan<byte> bytes, out OperationStatus status)
    {
        var reader = new Amf0Reader(bytes);
        var values = new List<AmfValue>(8);
        status = OperationStatus.Done;
        while (!reader.IsAtEnd && status is OperationStatus.Done)
        {
            status = reader.TryRead(out var value);
            if (value is not null)
            {
                values.Add(value);
            }
        }

        return values;
    }

    /// <summary>Reads one value.</summary>
    /// <returns>
    /// <c>Done</c>; <c>NeedMoreData</c> when the message ends inside the value; <c>InvalidData</c> for an unknown type, a
    /// reference to nothing, or a message that goes beyond <see cref="AmfBudget"/>. In the last two cases
    /// <paramref name="value"/> holds what there was of an object or array, or null.
    /// </returns>
    public OperationStatus TryRead(out AmfValue? value) => TryRead(depth: 0, out value);

    private OperationStatus TryRead(int depth, out AmfValue? value)
    {
        value = null;
        if (_at >= _bytes.Length)
        {
            return OperationStatus.NeedMoreData;
        }

        if (depth > AmfBudget.MaxDepth || !_budget.TryTake())
        {
            return OperationStatus.InvalidData;
        }

        switch ((Amf0Marker)_bytes[_at++])
        {
            case Amf0Marker.Number:
                if (Rest.Length < 8)
                {
                    return OperationStatus.NeedMoreData;
                }

                value = BinaryPrimitives.ReadDoubleBigEndian(Rest);
                _at += 8;
                return OperationStatus.Done;

            case Amf0Marker.Boolean:
                if (Rest.IsEmpty)
                {
                    return OperationStatus.NeedMoreData;
                }

                value = _bytes[_at++] != 0;
                return OperationStatus.Done;

            case Amf0Marker.String:
                return TryReadText(lengthBytes: 2, static text => new AmfString(text), out value);

            case Amf0Marker.LongString:
                return TryReadText(lengthBytes: 4, static text => new AmfString(text), out value);

            case Amf0Marker.XmlDocument:
                return TryReadText(lengthBytes: 4, static text => new AmfXml(text), out value);

            case Amf0Marker.Null:
                value = AmfValue.Null;
                return OperationStatus.Done;

            case Amf0Marker.Undefined or Amf0Marker.Unsupported:
                value = AmfValue.Undefined;
                return OperationStatus.Done;

            case Amf0Marker.Object:
                return TryReadProperties(new AmfObject(), depth, out value);

            case Amf0Marker.TypedObject:
                if (!TryReadName(out var className))
                {
                    return OperationStatus.NeedMoreData;
                }

                return TryReadProperties(new AmfObject { ClassName = className }, depth, out value);

            case Amf0Marker.EcmaArray:
                // The count is a hint that encoders get wrong; the end marker decides.
                if (Rest.Length < 4)
                {
                    return OperationStatus.NeedMoreData;
                }

                _at += 4;
                return TryReadProperties(new AmfObject { IsEcmaArray = true }, depth, out value);

            case Amf0Marker.StrictArray:
                return TryReadStrictArray(depth, out value);

            case Amf0Marker.Date:
                // Eight bytes of time and a time zone that the specification reserves.
                if (Rest.Length < 10)
                {
                    return OperationStatus.NeedMoreData;
                }

                value = new AmfDate(BinaryPrimitives.ReadDoubleBigEndian(Rest));
                _at += 10;
                return OperationStatus.Done;

            case Amf0Marker.Reference:
                if (Rest.Length < 2)
                {
                    return OperationStatus.NeedMoreData;
                }

                var index = BinaryPrimitives.ReadUInt16BigEndian(Rest);
                _at += 2;
                if (_complex is null || index >= _complex.Count)
                {
                    return OperationStatus.InvalidData;
                }

                value = _complex[index];
                return OperationStatus.Done;

            case Amf0Marker.AvmPlus:
                var amf3 = new Amf3Reader(Rest, _budget, _amf3Tables ??= new Amf3Tables());
                var status = amf3.TryRead(depth, out value);
                _at += amf3.Consumed;
                return status;

            default:
                return OperationStatus.InvalidData;
        }
    }

    private OperationStatus TryReadProperties(AmfObject target, int depth, out AmfValue? value)
    {
        value = target;
        (_complex ??= []).Add(target);
        while (true)
        {
            if (!TryReadName(out var name))
            {
                return OperationStatus.NeedMoreData;
            }

            if (name.Length == 0)
            {
                if (_at >= _bytes.Length)
                {
                    return OperationStatus.NeedMoreData;
                }

                if (_bytes[_at] == (byte)Amf0Marker.ObjectEnd)
                {
                    _at++;
                    return OperationStatus.Done;
                }
            }

            var status = TryRead(depth + 1, out var property);
            if (property is not null)
            {
                target.Add(name, property);
            }

            if (status is not OperationStatus.Done)
            {
                return status;
            }
        }
    }

    private OperationStatus TryReadStrictArray(int depth, out AmfValue? value)
    {
        value = null;
        if (Rest.Length < 4)
        {
            return OperationStatus.NeedMoreData;
        }

        var count = BinaryPrimitives.ReadUInt32BigEndian(Rest);
        _at += 4;
        var array = new AmfArray();
        value = array;
        (_complex ??= []).Add(array);
        for (uint i = 0; i < count; i++)
        {
            var status = TryRead(depth + 1, out var item);
            if (item is not null)
            {
                array.Add(item);
            }

            if (status is not OperationStatus.Done)
            {
                return status;
            }
        }

        return OperationStatus.Done;
    }

    private bool TryReadName(out string name)
    {
        name = "";
        if (Rest.Length < 2)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(Rest);
        if (Rest.Length - 2 < length)
        {
            return false;
        }

        name = Encoding.UTF8.GetString(Rest.Slice(2, length));
        _at += 2 + length;
        return true;
    }

    private OperationStatus TryReadText(int lengthBytes, Func<string, AmfValue> make, out AmfValue? value)
    {
        value = null;
        if (Rest.Length < lengthBytes)
        {
            return OperationStatus.NeedMoreData;
        }

        var length = lengthBytes == 2 ? BinaryPrimitives.ReadUInt16BigEndian(Rest) : BinaryPrimitives.ReadUInt32BigEndian(Rest);
        if (length > Rest.Length - lengthBytes)
        {
            return OperationStatus.NeedMoreData;
        }

        value = make(Encoding.UTF8.GetString(Rest.Slice(lengthBytes, (int)length)));
        _at += lengthBytes + (int)length;
        return OperationStatus.Done;
    }
}
