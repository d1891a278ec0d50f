using System.Buffers;
using Roomcast.Rtmp.Amf;

namespace Roomcast.Rtmp.Tests.Amf;

public sealed class Amf3Tests
{
    private static AmfValue? ReadOne(string hex, OperationStatus expected = OperationStatus.Done)
    {
        var reader = new Amf3Reader(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), new AmfBudget(), new Amf3Tables());
        Assert.Equal(expected, reader.TryRead(depth: 0, out var value));
        return value;
    }

    [Theory]
    [InlineData("04 00", 0)]
    [InlineData("04 7F", 127)]
    [InlineData("04 81 00", 128)]
    [InlineData("04 FF 7F", 16_383)]
    [InlineData("04 81 80 00", 16_384)]
    [InlineData("04 80 C0 80 00", 0x20_0000)]
    [InlineData("04 BF FF FF FF", 268_435_455)]
    [InlineData("04 C0 80 80 00", -268_435_456)]
    [InlineData("04 FF FF FF FF", -1)]
    public void Integers_have_29_bits_and_a_sign(string hex, int expected) => Assert.Equal(expected, ReadOne(hex)!.AsNumber());

    [Fact]
    public void Plain_values_are_read()
    {
        Assert.Same(AmfValue.Undefined, ReadOne("00"));
        Assert.Same(AmfValue.Null, ReadOne("01"));
        Assert.False(ReadOne("02")!.AsBoolean());
        Assert.True(ReadOne("03")!.AsBoolean());
        Assert.Equal(1.5, ReadOne("05 3FF8000000000000")!.AsNumber());
        Assert.Equal("live", ReadOne("06 09 6C697665")!.AsString());
        Assert.Equal("<a/>", Assert.IsType<AmfXml>(ReadOne("07 09 3C612F3E")).Text);
        Assert.Equal("<a/>", Assert.IsType<AmfXml>(ReadOne("0B 09 3C612F3E")).Text);
        Assert.Equal(1.5, Assert.IsType<AmfDate>(ReadOne("08 01 3FF8000000000000")).MillisecondsSinceEpoch);
        Assert.Equal([1, 2, 3], Assert.IsType<AmfBytes>(ReadOne("0C 07 010203")).Bytes.ToArray());
    }

    [Fact]
    public void Objects_are_read_with_sealed_and_dynamic_members()
    {
        // Traits inline, dynamic, one sealed member "a"; then "b" as a dynamic one.
        var value = Assert.IsType<AmfObject>(ReadOne("0A 1B 07666F6F 0361 0401 0362 0402 01"));
        Assert.Equal("foo", value.ClassName);
        Assert.Equal(1, value["a"]!.AsNumber());
        Assert.Equal(2, value["b"]!.AsNumber());
    }

    [Fact]
    public void Strings_objects_and_traits_are_referred_to_by_number()
    {
        // [ {class "c", a: "x"}, the same traits with "x" by reference, the first object by reference ]
        var value = Assert.IsType<AmfArray>(ReadOne("09 07 01  0A 13 0363 0361 0603 78  0A 01 0604  0A 02"));
        var first = Assert.IsType<AmfObject>(value.Items[0]);
        var second = Assert.IsType<AmfObject>(value.Items[1]);
        Assert.Equal("c", first.ClassName);
        Assert.Equal("x", first["a"]!.AsString());
        Assert.Equal("c", second.ClassName);
        Assert.Equal("x", second["a"]!.AsString());
        Assert.Same(first, value.Items[2]);
    }

    [Fact]
    public void Arrays_with_names_become_objects()
    {
        var value = Assert.IsType<AmfObject>(ReadOne("09 03 0361 0401 01 0402"));
        Assert.True(value.IsEcmaArray);
        Assert.Equal(1, value["a"]!.AsNumber());
        Assert.Equal(2, value["0"]!.AsNumber());
    }

    [Fact]
    public void Vectors_and_dictionaries_are_read()
    {
        Assert.Equal([1.0, -1.0], Assert.IsType<AmfArray>(ReadOne("0D 05 00 00000001 FFFFFFFF")).Items.Select(item => item.AsNumber()!.Value));
        Assert.Equal([4_294_967_295.0], Assert.IsType<AmfArray>(ReadOne("0E 03 00 FFFFFFFF")).Items.Select(item => item.AsNumber()!.Value));
        Assert.Equal([1.5], Assert.IsType<AmfArray>(ReadOne("0F 03 01 3FF8000000000000")).Items.Select(item => item.AsNumber()!.Value));
        Assert.Equal([1.0], Assert.IsType<AmfArray>(ReadOne("10 03 00 01 0401")).Items.Select(item => item.AsNumber()!.Value));
        Assert.Equal(1, Assert.IsType<AmfObject>(ReadOne("11 03 00 0603 61 0401"))["a"]!.AsNumber());
    }

    [Fact]
    public void A_Flex_collection_is_what_it_holds()
    {
        var name = Convert.ToHexString("flex.messaging.io.ArrayCollection"u8);
        Assert.IsType<AmfArray>(ReadOne($"0A 07 43 {name} 09 03 01 0401"));
    }

    [Theory]
    [InlineData("12")] // No such marker.
    [InlineData("0A 07 03 63 0401")] // Externalizable, and not one we know.
    [InlineData("06 02")] // A string by reference to nothing.
    [InlineData("09 02")] // An object by reference to nothing.
    [InlineData("0A 05")] // Traits by reference to nothing.
    public void What_cannot_be_known_is_refused(string hex) => ReadOne(hex, OperationStatus.InvalidData);

    [Theory]
    [InlineData("")]
    [InlineData("04")]
    [InlineData("04 FF FF FF")]
    [InlineData("05 3FF8")]
    [InlineData("06 09 6C")]
    [InlineData("0C FF FF FF FF")]
    [InlineData("0D FF FF FF FF 00")]
    [InlineData("0A 1B 07666F6F 03")]
    [InlineData("09 07 01 01")]
    public void A_value_that_is_cut_needs_more_data(string hex) => ReadOne(hex, OperationStatus.NeedMoreData);

    [Fact]
    public void Depth_and_count_are_capped()
    {
        var deep = string.Concat(Enumerable.Repeat("090301", AmfBudget.MaxDepth + 1)) + "01";
        ReadOne(deep, OperationStatus.InvalidData);

        var many = "09 BFFFFFFF 01" + string.Concat(Enumerable.Repeat("01", AmfBudget.MaxValues));
        ReadOne(many, OperationStatus.InvalidData);

        var vector = "0F E001 00" + string.Concat(Enumerable.Repeat("0000000000000000", 6_144));
        ReadOne(vector, OperationStatus.InvalidData);
    }

    [Fact]
    public void AMF0_switches_to_AMF3_for_one_value_and_back()
    {
        // A string, an AMF3 integer, a string again, and an AMF3 string by reference to the one before.
        var values = Amf0Reader.ReadAll(Convert.FromHexString("02000161" + "110407" + "02000162" + "11060363" + "110600"), out var status);

        Assert.Equal(OperationStatus.Done, status);
        Assert.Equal("a", values[0].AsString());
        Assert.Equal(7, values[1].AsNumber());
        Assert.Equal("b", values[2].AsString());
        Assert.Equal("c", values[3].AsString());
        Assert.Equal("c", values[4].AsString());
    }
}
