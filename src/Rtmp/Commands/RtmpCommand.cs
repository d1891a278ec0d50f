using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Commands;

/// <summary>One command message: a name, the number its answer carries, and values.</summary>
/// <remarks>Source: RTMP 1.0, section 7.2. Values that cannot be read end the list and leave the command whole.</remarks>
internal sealed class RtmpCommand
{
    private readonly List<AmfValue> _values;

    private RtmpCommand(string name, double transactionId, List<AmfValue> values)
    {
        Name = name;
        TransactionId = transactionId;
        _values = values;
    }

    /// <summary>What is asked.</summary>
    public string Name { get; }

    /// <summary>The number that the answer repeats; 0 when none is wanted or none was given.</summary>
    public double TransactionId { get; }

    /// <summary>The command object, which is null for most commands.</summary>
    public AmfObject? Object => At(0) as AmfObject;

    /// <summary>An argument after the command object, from 0; null when there are not as many.</summary>
    public AmfValue? Argument(int index) => At(1 + index);

    /// <summary>Reads a command.</summary>
    /// <param name="type">Message type 20, or 17: the same with a selector byte in front, and AMF3 values inside.</param>
    /// <param name="body">The message.</param>
    /// <returns>Null when not even the name can be read.</returns>
    public static RtmpCommand? TryRead(RtmpMessageType type, ReadOnlySpan<byte> body)
    {
        var values = ReadValues(type, body);
        if (values is not [AmfString { Value: var name }, ..])
        {
            return null;
        }

        return new RtmpCommand(name, values.Count > 1 ? values[1].AsNumber() ?? 0 : 0, values);
    }

    /// <summary>Reads the values of a command or data message.</summary>
    public static List<AmfValue> ReadValues(RtmpMessageType type, ReadOnlySpan<byte> body)
    {
        // The selector is zero: what follows is AMF0, which switches to AMF3 value by value. Some senders leave it out; the
        // name's own marker, 2, then tells.
        if (type is RtmpMessageType.CommandAmf3 or RtmpMessageType.DataAmf3 && body is [0, ..])
        {
            body = body[1..];
        }

        return Amf0Reader.ReadAll(body, out _);
    }

    private AmfValue? At(int index) => index + 2 < _values.Count ? _values[index + 2] : null;
}
