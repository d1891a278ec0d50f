namespace Roomcast.Rtc.Rtp.Extensions;

/// <summary>Which number stands for which extension, as one media section has agreed it.</summary>
/// <remarks>Filled while descriptions are applied; an entry stays for good. Reading is thread-safe while nobody adds.</remarks>
public sealed class RtpExtensionMap
{
    private readonly byte[] _idOf = new byte[RtpExtensionUris.Count];
    private readonly sbyte[] _kindOf = new sbyte[256];

    /// <summary>Makes a map without an entry.</summary>
    public RtpExtensionMap() => Array.Fill(_kindOf, (sbyte)-1);

    private RtpExtensionMap(RtpExtensionMap other)
    {
        other._idOf.CopyTo(_idOf, 0);
        other._kindOf.CopyTo(_kindOf, 0);
        Count = other.Count;
        NeedsTwoByteForm = other.NeedsTwoByteForm;
    }

    /// <summary>Numbers that stand for something.</summary>
    public int Count { get; private set; }

    /// <summary>Whether an id above 14 is among them, which only the two-byte form can carry.</summary>
    public bool NeedsTwoByteForm { get; private set; }

    /// <summary>Adds an entry.</summary>
    /// <param name="id">1 to 255, but 15, which is reserved.</param>
    /// <param name="kind">What it stands for.</param>
    /// <returns>False when the id is not allowed or stands for something else already.</returns>
    public bool TryAdd(int id, RtpExtensionKind kind)
    {
        if (id is < 1 or > 255 or 15 || (_kindOf[id] >= 0 && _kindOf[id] != (sbyte)kind))
        {
            return false;
        }

        Count += _kindOf[id] < 0 ? 1 : 0;
        _kindOf[id] = (sbyte)kind;
        _idOf[(int)kind] = (byte)id;
        NeedsTwoByteForm |= id > 14;
        return true;
    }

    /// <summary>A map of the same entries, which no further entry of this one reaches.</summary>
    public RtpExtensionMap Copy() => new(this);

    /// <summary>The number of an extension; 0 when it was not agreed.</summary>
    public byte IdOf(RtpExtensionKind kind) => _idOf[(int)kind];

    /// <summary>The extension of a number.</summary>
    public bool TryGetKind(byte id, out RtpExtensionKind kind)
    {
        kind = (RtpExtensionKind)_kindOf[id];
        return _kindOf[id] >= 0;
    }
}
