namespace Roomcast.Media.Containers.Mp4;

/// <summary>Whole numbers in a row, small ones in little room: seven bits to a byte, the low ones first, as LEB128 has it.</summary>
/// <remarks>It grows by blocks, so that nothing is copied however long it becomes. Not thread-safe.</remarks>
internal sealed class NumberRow
{
    private const int BlockLength = 16 << 10;
    private const int BitsPerByte = 7;
    private const byte GoesOn = 0x80;

    private readonly List<byte[]> _blocks = [];
    private int _used = BlockLength;

    /// <summary>Adds a number at the end.</summary>
    public void Add(ulong number)
    {
        for (; number >= GoesOn; number >>= BitsPerByte)
        {
            AddByte((byte)(number | GoesOn));
        }

        AddByte((byte)number);
    }

    /// <summary>Reads from the first number on; nothing is added meanwhile.</summary>
    public Reader Read() => new(this);

    private void AddByte(byte value)
    {
        if (_used == BlockLength)
        {
            _blocks.Add(new byte[BlockLength]);
            _used = 0;
        }

        _blocks[^1][_used++] = value;
    }

    /// <summary>Takes the numbers one after the other. Whoever reads knows how many there are.</summary>
    public struct Reader(NumberRow row)
    {
        private int _block;
        private int _position;

        /// <summary>The next number.</summary>
        public ulong Next()
        {
            ulong number = 0;
            for (var shift = 0; ; shift += BitsPerByte)
            {
                if (_position == BlockLength)
                {
                    _position = 0;
                    _block++;
                }

                var value = row._blocks[_block][_position++];
                number |= (ulong)(value & ~GoesOn) << shift;
                if (value < GoesOn)
                {
                    return number;
                }
            }
        }
    }
}

/// <summary>Numbers of which the same one often follows itself: kept as how often, and which.</summary>
internal sealed class RunRow
{
    private readonly NumberRow _row = new();
    private uint _ended;
    private uint _count;
    private uint _value;

    /// <summary>How many runs there are.</summary>
    public uint Count => _ended + (_count > 0 ? 1u : 0);

    /// <summary>Whether it holds nothing but zeros.</summary>
    public bool IsZero => _ended == 0 && _value == 0;

    /// <summary>Adds a number at the end.</summary>
    public void Add(uint value)
    {
        if (_count > 0 && value != _value)
        {
            _row.Add(_count);
            _row.Add(_value);
            _ended++;
            _count = 0;
        }

        _value = value;
        _count++;
    }

    /// <summary>All runs in order.</summary>
    public IEnumerable<(uint Count, uint Value)> Runs()
    {
        var reader = _row.Read();
        for (uint run = 0; run < _ended; run++)
        {
            yield return ((uint)reader.Next(), (uint)reader.Next());
        }

        if (_count > 0)
        {
            yield return (_count, _value);
        }
    }
}
