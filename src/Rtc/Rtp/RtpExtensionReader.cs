namespace Roomcast.Rtc.Rtp;

/// <summary>Walks over the elements of a packet's header extensions (RFC 8285 sections 4.2 and 4.3).</summary>
public ref struct RtpExtensionReader
{
    /* One-byte form, profile 0xBEDE:         | id:4 | length - 1:4 | data |
       Two-byte form, profile 0x1000 to 0x100F: | id:8 | length:8 | data |
       A byte of zero is padding in both.
    */

    /// <summary>The profile of elements with a header of one byte.</summary>
    public const ushort OneByteProfile = 0xBEDE;

    /// <summary>The profile of elements with a header of two bytes; its low four bits are for applications.</summary>
    public const ushort TwoByteProfile = 0x1000;

    private const byte StopId = 15;

    private readonly ReadOnlySpan<byte> _elements;
    private readonly bool _isOneByte;
    private int _at;

    /// <summary>Begins at the first element. Another profile than the two has none.</summary>
    /// <param name="profile">The header's profile.</param>
    /// <param name="elements">The elements, lent.</param>
    public RtpExtensionReader(ushort profile, ReadOnlySpan<byte> elements)
    {
        _isOneByte = profile == OneByteProfile;
        _elements = _isOneByte || (profile & 0xFFF0) == TwoByteProfile ? elements : default;
    }

    /// <summary>Reads the next element.</summary>
    /// <param name="id">1 to 14, or to 255 in the two-byte form.</param>
    /// <param name="value">Its data, lent; may be empty in the two-byte form.</param>
    /// <returns>False at the end, and where an element runs over it.</returns>
    public bool TryRead(out byte id, out ReadOnlySpan<byte> value)
    {
        while (_at < _elements.Length)
        {
            var first = _elements[_at];
            if (first == 0)
            {
                _at++;
                continue;
            }

            int length;
            int start;
            if (_isOneByte)
            {
                id = (byte)(first >> 4);
                length = (first & 0x0F) + 1;
                start = _at + 1;
                if (id == StopId)
                {
                    break; // RFC 8285 section 4.2: reserved; what follows is not to be looked at.
                }
            }
            else
            {
                if (_at + 1 >= _elements.Length)
                {
                    break;
                }

                id = first;
                length = _elements[_at + 1];
                start = _at + 2;
            }

            if (start + length > _elements.Length)
            {
                break;
            }

            _at = start + length;
            if (id == 0)
            {
                continue; // An id of zero with a length is no element of anybody's.
            }

            value = _elements.Slice(start, length);
            return true;
        }

        _at = _elements.Length;
        id = 0;
        value = default;
        return false;
    }
}
