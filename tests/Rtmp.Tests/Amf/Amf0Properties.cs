using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Rtmp.Amf;

namespace Roomcast.Rtmp.Tests.Amf;

public sealed class Amf0Properties
{
    [Fact]
    public void Whatever_is_written_is_read_back() => Prop
        .ForAll(Arb.From(Values(depth: 3)), static value =>
        {
            var output = new ArrayBufferWriter<byte>();
            Amf0Writer.Write(output, value);
            var reader = new Amf0Reader(output.WrittenSpan);
            Assert.Equal(OperationStatus.Done, reader.TryRead(out var read));
            Assert.True(reader.IsAtEnd);
            AmfAssert.Same(value, read!);
        })
        .QuickCheckThrowOnFailure();

    private static Gen<AmfValue> Values(int depth)
    {
        var text = ArbMap.Default.GeneratorFor<NonNull<string>>().Select(static wrapped => wrapped.Get.Replace('\uFFFD', '?')).Where(static value => !value.Any(char.IsSurrogate));
        var leaf = Gen.OneOf(
            ArbMap.Default.GeneratorFor<double>().Select(static value => (AmfValue)value),
            ArbMap.Default.GeneratorFor<bool>().Select(static value => (AmfValue)value),
            text.Select(static value => (AmfValue)value),
            Gen.Constant(AmfValue.Null),
            Gen.Constant(AmfValue.Undefined),
            ArbMap.Default.GeneratorFor<double>().Select(static value => (AmfValue)new AmfDate(value)));
        if (depth == 0)
        {
            return leaf;
        }

        var items = Values(depth - 1).ListOf();
        var arrays = items.Select(static list =>
        {
            var array = new AmfArray();
            foreach (var item in list)
            {
                array.Add(item);
            }

            return (AmfValue)array;
        });

        // An empty name would be the end of the object.
        var names = text.Where(static name => name.Length > 0);
        var properties = names.Zip(Values(depth - 1)).ListOf();
        var objects = properties.Zip(ArbMap.Default.GeneratorFor<bool>()).Select(static pair =>
        {
            var target = new AmfObject { IsEcmaArray = pair.Item2 };
            foreach (var (name, value) in pair.Item1)
            {
                target.Add(name, value);
            }

            return (AmfValue)target;
        });
        return Gen.OneOf(leaf, arrays, objects);
    }
}
