using FsCheck;
using FsCheck.Fluent;
using Roomcast.Media.Buffers;
using Roomcast.Media.Codecs.NalUnits;
using Roomcast.Media.Tests.Codecs;

namespace Roomcast.Media.Tests.Buffers;

public sealed class BitReaderTests
{
    [Fact]
    public void Numbers_of_any_length_come_back()
    {
        Prop.ForAll<(byte Length, uint Value)[]>(fields =>
        {
            var bits = new BitWriter();
            foreach (var (length, value) in fields)
            {
                bits.Bits(value, length % 33);
            }

            var reader = new BitReader(bits.ToBytes());
            foreach (var (length, value) in fields)
            {
                if (reader.ReadBits(length % 33) != Low(value, length % 33))
                {
                    return false;
                }
            }

            return !reader.HasFailed && reader.Position == bits.Length && reader.BitsLeft < 8;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Exp_Golomb_codes_come_back()
    {
        Prop.ForAll<uint[], int[]>((unsigned, signed) =>
        {
            var bits = new BitWriter();
            foreach (var value in unsigned)
            {
                bits.Golomb(value % uint.MaxValue);
            }

            foreach (var value in signed)
            {
                bits.Golomb(ToCode(value));
            }

            var reader = new BitReader(bits.ToBytes());
            foreach (var value in unsigned)
            {
                if (reader.ReadExpGolomb() != value % uint.MaxValue)
                {
                    return false;
                }
            }

            foreach (var value in signed)
            {
                if (reader.ReadSignedExpGolomb() != value)
                {
                    return false;
                }
            }

            return !reader.HasFailed;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_largest_codes_are_read_and_longer_ones_refused()
    {
        var largest = new BitWriter().Golomb(uint.MaxValue - 1);
        Assert.Equal(uint.MaxValue - 1, new BitReader(largest.ToBytes()).ReadExpGolomb());

        var tooLong = new BitReader([0, 0, 0, 0, 0x80, 0, 0, 0, 0x40]);
        Assert.Equal(0u, tooLong.ReadExpGolomb());
        Assert.True(tooLong.HasFailed);

        var above = new BitReader([0b0001_0000]);
        Assert.Equal(0, above.ReadExpGolomb(max: 6));
        Assert.True(above.HasFailed);
    }

    [Fact]
    public void Past_the_end_everything_is_zero_and_stays_failed()
    {
        var reader = new BitReader([0xFF]);
        reader.Skip(4);
        Assert.False(reader.HasFailed);
        Assert.Equal(0u, reader.ReadBits(5));
        Assert.True(reader.HasFailed);
        Assert.Equal(0u, reader.ReadBits(1));
        Assert.Equal(0, reader.ReadSignedExpGolomb());
        Assert.False(reader.ReadBit());
        reader.Skip(long.MaxValue);
        reader.AlignToByte();
        Assert.Equal(0, reader.BitsLeft);
        Assert.True(reader.HasFailed);
    }

    [Fact]
    public void Emulation_prevention_is_taken_out_of_what_an_encoder_put_in()
    {
        // Bytes of few values, so that runs of zeros are many.
        var few = Gen.Elements<byte>(0, 0, 0, 1, 2, 3, 4, 255).ListOf().Select(list => list.ToArray()).ToArbitrary();
        Prop.ForAll(few, rbsp =>
        {
            var nalUnit = new List<byte>();
            var zeros = 0;
            foreach (var value in rbsp)
            {
                if (zeros == 2 && value <= 3)
                {
                    nalUnit.Add(3);
                    zeros = 0;
                }

                nalUnit.Add(value);
                zeros = value == 0 ? zeros + 1 : 0;
            }

            var result = new byte[nalUnit.Count];
            return result.AsSpan(0, EmulationPrevention.Remove(nalUnit.ToArray(), result)).SequenceEqual(rbsp);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Start_codes_and_lengths_convert_into_each_other()
    {
        var units = Gen.Choose(1, 255).Select(value => (byte)value).NonEmptyListOf().Select(list => list.ToArray())
            .ListOf().Select(list => list.ToArray()).ToArbitrary();
        Prop.ForAll(units, nalUnits =>
        {
            byte[] prefixed = [.. nalUnits.SelectMany(unit => (byte[])[0, 0, (byte)(unit.Length >> 8), (byte)unit.Length, .. unit])];
            if (!AnnexB.TryGetAnnexBLength(prefixed, 4, out var length))
            {
                return false;
            }

            var stream = new byte[length];
            var isWritten = AnnexB.TryFromLengthPrefixed(prefixed, 4, stream, out var written);
            var back = new byte[AnnexB.LengthPrefixedLength(stream)];
            return isWritten && written == length
                && AnnexB.ToLengthPrefixed(stream, back) == prefixed.Length
                && back.SequenceEqual(prefixed);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_walk_over_nal_units_ends_at_the_first_wrong_length(int lengthSize)
    {
        byte[] unit = [.. new byte[lengthSize - 1], 3, 0x41, 1, 2];
        byte[] empty = new byte[lengthSize];
        byte[] payload = [.. unit, .. empty, .. unit];

        var reader = new NalUnitReader(payload, lengthSize);
        Assert.True(reader.TryRead(out var first));
        Assert.True(reader.TryRead(out var second));
        Assert.True(first.SequenceEqual(second));
        Assert.False(reader.TryRead(out _));
        Assert.False(reader.IsMalformed);

        for (var length = 1; length < payload.Length; length++)
        {
            var cut = new NalUnitReader(payload.AsSpan(0, length), lengthSize);
            while (cut.TryRead(out _))
            {
            }

            Assert.Equal(length != unit.Length && length != unit.Length + lengthSize, cut.IsMalformed);
        }
    }

    private static uint Low(uint value, int length) => length == 0 ? 0 : value & (uint.MaxValue >> (32 - length));

    private static uint ToCode(int value) => value > 0 ? (2 * (uint)value) - 1 : (uint)(-2L * Math.Max(value, -int.MaxValue));
}
