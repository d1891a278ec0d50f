namespace Roomcast.Rtmp.Amf;

/// <summary>One value of Action Message Format, version 0 or 3, as commands and metadata carry it.</summary>
/// <remarks>
/// Objects may refer to themselves when they were read from a peer, so whoever walks a value bounds the depth.
/// </remarks>
public abstract class AmfValue
{
    private protected AmfValue()
    {
    }

    /// <summary>The null value.</summary>
    public static AmfValue Null { get; } = new AmfNull();

    /// <summary>The undefined value.</summary>
    public static AmfValue Undefined { get; } = new AmfUndefined();

    /// <summary>Makes a number.</summary>
    public static implicit operator AmfValue(double value) => new AmfNumber(value);

    /// <summary>Makes a boolean.</summary>
    public static implicit operator AmfValue(bool value) => new AmfBoolean(value);

    /// <summary>Makes a string.</summary>
    public static implicit operator AmfValue(string value) => new AmfString(value);

    /// <summary>The number, when this is one.</summary>
    public double? AsNumber() => (this as AmfNumber)?.Value;

    /// <summary>The boolean, when this is one.</summary>
    public bool? AsBoolean() => (this as AmfBoolean)?.Value;

    /// <summary>The text, when this is a string of either length.</summary>
    public string? AsString() => (this as AmfString)?.Value;
}

/// <summary>A number: a double, and in AMF3 also a 29-bit integer.</summary>
/// <param name="value">The number.</param>
public sealed class AmfNumber(double value) : AmfValue
{
    /// <summary>The number.</summary>
    public double Value => value;
}

/// <summary>True or false.</summary>
/// <param name="value">Which of the two.</param>
public sealed class AmfBoolean(bool value) : AmfValue
{
    /// <summary>Which of the two.</summary>
    public bool Value => value;
}

/// <summary>A string, short or long.</summary>
/// <param name="value">The text.</param>
public sealed class AmfString(string value) : AmfValue
{
    /// <summary>The text.</summary>
    public string Value => value;
}

/// <summary>Null.</summary>
public sealed class AmfNull : AmfValue
{
    internal AmfNull()
    {
    }
}

/// <summary>Undefined, and what AMF0 calls unsupported.</summary>
public sealed class AmfUndefined : AmfValue
{
    internal AmfUndefined()
    {
    }
}

/// <summary>A moment.</summary>
/// <param name="millisecondsSinceEpoch">Milliseconds since 1970, UTC, as sent.</param>
public sealed class AmfDate(double millisecondsSinceEpoch) : AmfValue
{
    /// <summary>Milliseconds since 1970, UTC, as sent: it may be no number at all.</summary>
    public double MillisecondsSinceEpoch => millisecondsSinceEpoch;
}

/// <summary>An XML document, kept as text and never parsed.</summary>
/// <param name="text">The document.</param>
public sealed class AmfXml(string text) : AmfValue
{
    /// <summary>The document.</summary>
    public string Text => text;
}

/// <summary>Raw bytes; AMF3 only.</summary>
/// <param name="bytes">The bytes.</param>
public sealed class AmfBytes(byte[] bytes) : AmfValue
{
    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;
}

/// <summary>A strict array of AMF0, or the dense part of an AMF3 array or vector.</summary>
public sealed class AmfArray : AmfValue
{
    private readonly List<AmfValue> _items = [];

    /// <summary>The items in order.</summary>
    public IReadOnlyList<AmfValue> Items => _items;

    /// <summary>Appends an item.</summary>
    public void Add(AmfValue item) => _items.Add(item);
}

/// <summary>Named values in the order they were sent: an object, a typed object or an ECMA array.</summary>
public sealed class AmfObject : AmfValue
{
    private readonly List<KeyValuePair<string, AmfValue>> _properties = [];

    /// <summary>The class a typed object names; null for plain objects.</summary>
    public string? ClassName { get; init; }

    /// <summary>Whether it is an ECMA array, which AMF0 writes differently.</summary>
    public bool IsEcmaArray { get; init; }

    /// <summary>The properties in order; a name may come twice.</summary>
    public IReadOnlyList<KeyValuePair<string, AmfValue>> Properties => _properties;

    /// <summary>The value of a property; null when there is none of this name. The last of equal names wins.</summary>
    public AmfValue? this[string name]
    {
        get
        {
            for (var i = _properties.Count - 1; i >= 0; i--)
            {
                if (string.Equals(_properties[i].Key, name, StringComparison.Ordinal))
                {
                    return _properties[i].Value;
                }
            }

            return null;
        }
    }

    /// <summary>Appends a property.</summary>
    /// <returns>This object, so that calls can be chained.</returns>
    public AmfObject Add(string name, AmfValue value)
    {
        _properties.Add(new KeyValuePair<string, AmfValue>(name, value));
        return this;
    }
}
