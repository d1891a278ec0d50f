using System.Buffers;
using Roomcast.Rtmp.Amf;

namespace Roomcast.Rtmp.Tests.Amf;

public sealed class Amf0Tests
{
    private static AmfValue? ReadOne(string hex, OperationStatus expected = OperationStatus.Done)
    {
        var reader = new Amf0Reader(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal(expected, reader.TryRead(out var value));
        return value;
    }

    [Fact]
    public void Plain_values_are_read()
    {
        Assert.Equal(1.5, ReadOne("00 3FF8000000000000")!.AsNumber());
        Assert.True(ReadOne("01 01")!.AsBoolean());
        Assert.False(ReadOne("01 00")!.AsBoolean());
        Assert.Equal("live", ReadOne("02 0004 6C697665")!.AsString());
        Assert.Equal("", ReadOne("02 0000")!.AsString());
        Assert.Same(AmfValue.Null, ReadOne("05"));
        Assert.Same(AmfValue.Undefined, ReadOne("06"));
        Assert.Same(AmfValue.Undefined, ReadOne("0D"));
        Assert.Equal("long", ReadOne("0C 00000004 6C6F6E67")!.AsString());
        Assert.Equal("<a/>", Assert.IsType<AmfXml>(ReadOne("0F 00000004 3C612F3E")).Text);
        Assert.Equal(1.5, Assert.IsType<AmfDate>(ReadOne("0B 3FF8000000000000 FFC4")).MillisecondsSinceEpoch);
    }

    [Fact]
    public void Objects_arrays_and_typed_objects_are_read()
    {
        var plain = Assert.IsType<AmfObject>(ReadOne("03 0001 61 0101 0001 62 05 0000 09"));
        Assert.False(plain.IsEcmaArray);
        Assert.Equal(["a", "b"], plain.Properties.Select(property => property.Key));
        Assert.True(plain["a"]!.AsBoolean());
        Assert.Same(AmfValue.Null, plain["b"]);
        Assert.Null(plain["c"]);

        // The count of an ECMA array is a hint: encoders send zero, or too much.
        var ecma = Assert.IsType<AmfObject>(ReadOne("08 000003E8 0001 61 0101 0000 09"));
        Assert.True(ecma.IsEcmaArray);
        Assert.Single(ecma.Properties);

        var typed = Assert.IsType<AmfObject>(ReadOne("10 0003 666F6F 0001 61 05 0000 09"));
        Assert.Equal("foo", typed.ClassName);

        var strict = Assert.IsType<AmfArray>(ReadOne("0A 00000002 05 0101"));
        Assert.Equal(2, strict.Items.Count);
    }

    [Fact]
    public void A_reference_names_an_earlier_object_even_the_one_it_lies_in()
    {
        var values = Amf0Reader.ReadAll(Convert.FromHexString("03" + "000161" + "070000" + "000009" + "070000"), out var status);

        Assert.Equal(OperationStatus.Done, status);
        var first = Assert.IsType<AmfObject>(values[0]);
        Assert.Same(first, first["a"]);
        Assert.Same(first, values[1]);
    }

    [Theory]
    [InlineData("07 0000")] // A reference to nothing.
    [InlineData("04")] // Movie clip: reserved, never sent.
    [InlineData("0E")] // Record set: likewise.
    [InlineData("12")] // Beyond what is defined.
    [InlineData("FF")]
    public void What_cannot_be_known_is_refused(string hex) => ReadOne(hex, OperationStatus.InvalidData);

    [Fact]
    public void An_unknown_type_ends_the_message_and_spares_what_came_before()
    {
        var values = Amf0Reader.ReadAll(Convert.FromHexString("0200026F6B" + "03" + "000161" + "0101" + "000162" + "12" + "0000"), out var status);

        Assert.Equal(OperationStatus.InvalidData, status);
        Assert.Equal("ok", values[0].AsString());
        Assert.True(Assert.IsType<AmfObject>(values[1])["a"]!.AsBoolean());
    }

    [Fact]
    public void A_value_cut_anywhere_needs_more_data_and_never_throws()
    {
        var whole = Convert.FromHexString(
            "03" + "000161" + "003FF8000000000000" + "000162" + "0A00000002" + "0500" + "4000000000000000" + "000163" + "0B3FF80000000000000000" + "000164" + "0C00000002" + "6869" + "000009");
        for (var length = 0; length < whole.Length; length++)
        {
            var reader = new Amf0Reader(whole.AsSpan(0, length));
            Assert.Equal(OperationStatus.NeedMoreData, reader.TryRead(out _));
        }

        var last = new Amf0Reader(whole);
        Assert.Equal(OperationStatus.Done, last.TryRead(out _));
        Assert.True(last.IsAtEnd);
    }

    [Fact]
    public void Depth_is_capped()
    {
        var shallow = Nested(AmfBudget.MaxDepth);
        var deep = Nested(AmfBudget.MaxDepth + 1);

        Assert.Equal(OperationStatus.Done, new Amf0Reader(shallow).TryRead(out _));
        Assert.Equal(OperationStatus.InvalidData, new Amf0Reader(deep).TryRead(out _));

        static byte[] Nested(int depth)
        {
            var bytes = new List<byte>();
            for (var i = 0; i < depth; i++)
            {
                bytes.AddRange([0x0A, 0, 0, 0, 1]);
            }

            bytes.Add(0x05);
            return [.. bytes];
        }
    }

    [Fact]
    public void The_count_of_values_is_capped()
    {
        var many = new byte[5 + AmfBudget.MaxValues];
        Convert.FromHexString("0A7FFFFFFF").CopyTo(many, 0);
        many.AsSpan(5).Fill(0x05);

        Assert.Equal(OperationStatus.InvalidData, new Amf0Reader(many).TryRead(out var value));
        Assert.True(Assert.IsType<AmfArray>(value).Items.Count < AmfBudget.MaxValues);
    }

    [Fact]
    public void Text_that_is_no_UTF8_is_read_all_the_same() => Assert.Equal("\uFFFD\uFFFD", ReadOne("02 0002 FFFE")!.AsString());

    [Fact]
    public void What_is_written_is_read_back()
    {
        var output = new ArrayBufferWriter<byte>();
        var array = new AmfArray();
        array.Add(1);
        array.Add("two");
        var value = new AmfObject()
            .Add("number", -0.5)
            .Add("yes", true)
            .Add("text", "Grüße")
            .Add("long", new string('x', 70_000))
            .Add("null", AmfValue.Null)
            .Add("undefined", AmfValue.Undefined)
            .Add("array", array)
            .Add("date", new AmfDate(86_400_000))
            .Add("xml", new AmfXml("<x/>"))
            .Add("ecma", new AmfObject { IsEcmaArray = true }.Add("a", 1))
            .Add("typed", new AmfObject { ClassName = "T" }.Add("a", 1));
        Amf0Writer.Write(output, value);

        var reader = new Amf0Reader(output.WrittenSpan);
        Assert.Equal(OperationStatus.Done, reader.TryRead(out var read));
        Assert.True(reader.IsAtEnd);
        AmfAssert.Same(value, read!);
    }
}
