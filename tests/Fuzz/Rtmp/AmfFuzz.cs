using System.Buffers;
using Roomcast.Rtmp.Amf;

namespace Roomcast.Fuzz.Rtmp;

/// <summary>AMF0 and AMF3 values as a peer may send them.</summary>
public sealed class AmfFuzz
{
    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    [Fact]
    public void AMF0_is_read_or_refused() => FuzzRun.Of(
        "rtmp-amf0",
        [
            Hex("02 0007 636F6E6E656374 00 3FF0000000000000 03 0003 617070 02 0004 6C697665 0005 6361707345 00 4010000000000000 0000 09"),
            Hex("08 00000002 0001 61 0A 00000002 05 0101 0001 62 0B 3FF8000000000000 0000 0000 09"),
            Hex("10 0003 666F6F 0001 61 07 0000 0000 09 07 0000"),
            Hex("0C 00000004 6C6F6E67 0F 00000004 3C612F3E 06 0D"),
            Hex("11 09 07 01 0A 13 03 63 03 61 06 03 78 0A 01 06 04 0A 02 11 06 00"),
        ],
        static input => Walk(Amf0Reader.ReadAll(input, out _)));

    [Fact]
    public void AMF3_is_read_or_refused() => FuzzRun.Of(
        "rtmp-amf3",
        [
            Hex("0A 1B 07 666F6F 03 61 04 01 03 62 04 02 01"),
            Hex("09 07 01 0A 13 03 63 03 61 06 03 78 0A 01 06 04 0A 02"),
            Hex("09 03 03 61 04 01 01 04 02"),
            Hex("0D 05 00 00000001 FFFFFFFF"),
            Hex("0F 03 01 3FF8000000000000"),
            Hex("10 03 00 01 04 01"),
            Hex("11 03 00 06 03 61 04 01"),
            Hex("0C 07 010203"),
            Hex("08 01 3FF8000000000000"),
        ],
        static input =>
        {
            var budget = new AmfBudget();
            var tables = new Amf3Tables();
            var at = 0;
            while (at < input.Length)
            {
                var reader = new Amf3Reader(input.AsSpan(at), budget, tables);
                var status = reader.TryRead(depth: 0, out var value);
                Walk(value is null ? [] : [value]);
                if (status is not OperationStatus.Done)
                {
                    return;
                }

                at += reader.Consumed;
            }
        });

    // What was read can be walked to a bounded depth, and is no larger than the budget.
    private static void Walk(IReadOnlyList<AmfValue> values)
    {
        var visited = new HashSet<AmfValue>(ReferenceEqualityComparer.Instance);
        var open = new Stack<AmfValue>(values);
        while (open.TryPop(out var value))
        {
            if (!visited.Add(value))
            {
                continue;
            }

            switch (value)
            {
                case AmfObject properties:
                    foreach (var (_, property) in properties.Properties)
                    {
                        open.Push(property);
                    }

                    break;
                case AmfArray array:
                    foreach (var item in array.Items)
                    {
                        open.Push(item);
                    }

                    break;
                default:
                    break;
            }
        }

        if (visited.Count > 2 * AmfBudget.MaxValues)
        {
            throw new InvalidOperationException($"{visited.Count} values were built.");
        }
    }
}
