using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;

namespace Roomcast.Rtc.Tests.Rtp;

public sealed class RtpHeaderTests
{
    [Fact]
    public void A_plain_packet_is_read()
    {
        byte[] packet = [0x80, 0xE0, 0x12, 0x34, 0, 0, 0, 5, 0, 0, 0, 9, 1, 2, 3];

        Assert.True(RtpHeader.TryRead(packet, out var header));

        Assert.True(header.Marker);
        Assert.Equal(96, header.PayloadType);
        Assert.Equal(0x1234, header.SequenceNumber);
        Assert.Equal(5u, header.Timestamp);
        Assert.Equal(9u, header.Ssrc);
        Assert.Equal([1, 2, 3], header.PayloadOf(packet).ToArray());
        Assert.Equal(0, header.ExtensionLength);
    }

    [Fact]
    public void Csrcs_extensions_and_padding_are_told_from_the_payload()
    {
        byte[] packet =
        [
            0xB2, 0x60, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9,
            0, 0, 0, 1, 0, 0, 0, 2,
            0xBE, 0xDE, 0, 2, 0x11, 0xAA, 0xBB, 0, 0, 0x20, 0xCC, 0,
            7, 7, 7, 0, 0, 3,
        ];

        Assert.True(RtpHeader.TryRead(packet, out var header));

        Assert.Equal(32, header.HeaderLength);
        Assert.Equal(3, header.PaddingLength);
        Assert.Equal([7, 7, 7], header.PayloadOf(packet).ToArray());
        var extensions = header.ExtensionsOf(packet);
        Assert.True(extensions.TryRead(out var id, out var value));
        Assert.Equal(1, id);
        Assert.Equal([0xAA, 0xBB], value.ToArray());
        Assert.True(extensions.TryRead(out id, out value));
        Assert.Equal(2, id);
        Assert.Equal([0xCC], value.ToArray());
        Assert.False(extensions.TryRead(out _, out _));
    }

    [Fact]
    public void A_packet_cut_inside_its_header_is_no_packet()
    {
        byte[] packet = [0x91, 0x60, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 0x10, 0xAA, 0, 0];
        for (var length = 0; length < packet.Length; length++)
        {
            Assert.False(RtpHeader.TryRead(packet.AsSpan(0, length), out _), $"length {length}");
        }

        Assert.True(RtpHeader.TryRead(packet, out var header));
        Assert.Equal(0, header.PayloadLength);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Padding_of_nothing_or_of_more_than_there_is_is_refused(byte padding)
    {
        byte[] packet = [0xA0, 0x60, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9, 1, padding];

        Assert.False(RtpHeader.TryRead(packet, out _));
    }

    [Fact]
    public void What_the_writer_writes_the_reader_reads()
    {
        var elements = Gen.Choose(1, 14).SelectMany(id => Gen.ArrayOf(Gen.Choose(0, 255).Select(value => (byte)value))
            .Where(value => value.Length is > 0 and <= 16).Select(value => (Id: (byte)id, Value: value)));
        Prop.ForAll(
            Arb.From(Gen.ArrayOf(elements).Where(list => list.Length < 8)),
            ArbMap.Default.ArbFor<(ushort Sequence, uint Timestamp, uint Ssrc)>(),
            ArbMap.Default.ArbFor<bool>(),
            (list, numbers, isTwoByte) =>
            {
                Span<byte> buffer = stackalloc byte[600];
                var writer = new RtpHeaderWriter(
                    buffer, 111, marker: true, numbers.Sequence, numbers.Timestamp, numbers.Ssrc, isTwoByte);
                foreach (var (id, value) in list)
                {
                    writer.AddExtension(id, value);
                }

                var length = writer.Finish();
                buffer[length] = 42;
                if (!RtpHeader.TryRead(buffer[..(length + 1)], out var header)
                    || header.SequenceNumber != numbers.Sequence || header.Timestamp != numbers.Timestamp
                    || header.Ssrc != numbers.Ssrc || header.PayloadLength != 1 || !header.Marker || header.PayloadType != 111)
                {
                    return false;
                }

                var reader = header.ExtensionsOf(buffer);
                foreach (var (id, value) in list)
                {
                    if (!reader.TryRead(out var readId, out var readValue) || readId != id || !readValue.SequenceEqual(value))
                    {
                        return false;
                    }
                }

                return !reader.TryRead(out _, out _);
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_known_extensions_are_found_by_what_their_numbers_stand_for()
    {
        var map = new RtpExtensionMap();
        Assert.True(map.TryAdd(4, RtpExtensionKind.Mid));
        Assert.True(map.TryAdd(10, RtpExtensionKind.RtpStreamId));
        Assert.True(map.TryAdd(3, RtpExtensionKind.TransportSequenceNumber));
        Assert.True(map.TryAdd(2, RtpExtensionKind.AbsoluteSendTime));
        Assert.True(map.TryAdd(1, RtpExtensionKind.AudioLevel));
        Assert.True(map.TryAdd(13, RtpExtensionKind.VideoOrientation));
        Assert.True(map.TryAdd(5, RtpExtensionKind.PlayoutDelay));
        Assert.False(map.TryAdd(5, RtpExtensionKind.Mid));
        Assert.False(map.TryAdd(15, RtpExtensionKind.Mid));
        Assert.False(map.TryAdd(0, RtpExtensionKind.Mid));
        Assert.False(map.NeedsTwoByteForm);
        Span<byte> packet = stackalloc byte[200];
        var writer = new RtpHeaderWriter(packet, 96, false, 1, 2, 3);
        writer.AddExtension(4, "3"u8);
        writer.AddExtension(10, "f"u8);
        writer.AddExtension(3, [0xAB, 0xCD]);
        writer.AddExtension(2, [1, 2, 3]);
        writer.AddExtension(1, [0x80 | 35]);
        writer.AddExtension(13, [2]);
        writer.AddExtension(5, [0, 0x10, 0x20]);
        writer.AddExtension(0, "the peer has none of this"u8);
        writer.AddExtension(14, "unknown"u8);
        var length = writer.Finish();
        Assert.True(RtpHeader.TryRead(packet[..length], out var header));

        var values = new RtpExtensionValues(packet, header, map);

        Assert.Equal("3", Encoding.ASCII.GetString(values.Mid));
        Assert.Equal("f", Encoding.ASCII.GetString(values.RtpStreamId));
        Assert.True(values.RepairedRtpStreamId.IsEmpty);
        Assert.Equal((ushort)0xABCD, values.TransportSequenceNumber);
        Assert.Equal(0x010203u, values.AbsoluteSendTime);
        Assert.True(values.TryGetAudioLevel(out var level, out var isVoice));
        Assert.Equal(35, level);
        Assert.True(isVoice);
        Assert.Equal((byte)2, values.VideoOrientation);
        Assert.Equal(0x001020u, values.PlayoutDelay);
    }

    [Fact]
    public void Reserved_and_broken_elements_end_the_walk()
    {
        var stop = new RtpExtensionReader(RtpExtensionReader.OneByteProfile, [0xF0, 1, 0x10, 1]);
        Assert.False(stop.TryRead(out _, out _));
        var over = new RtpExtensionReader(RtpExtensionReader.OneByteProfile, [0x1F, 1]);
        Assert.False(over.TryRead(out _, out _));
        var cut = new RtpExtensionReader(RtpExtensionReader.TwoByteProfile, [1]);
        Assert.False(cut.TryRead(out _, out _));
        var foreign = new RtpExtensionReader(0x1234, [0x10, 1]);
        Assert.False(foreign.TryRead(out _, out _));
        var empty = new RtpExtensionReader(0x1003, [7, 0, 8, 1, 9]);
        Assert.True(empty.TryRead(out var id, out var value));
        Assert.Equal(7, id);
        Assert.True(value.IsEmpty);
        Assert.True(empty.TryRead(out id, out value));
        Assert.Equal(8, id);
        Assert.Equal([9], value.ToArray());
    }

    [Fact]
    public void Sequence_numbers_are_laid_on_a_line_through_wraps_and_disorder()
    {
        var unwrapper = new SequenceUnwrapper();
        Assert.Equal(65_534, unwrapper.Unwrap(65_534));
        Assert.Equal(65_536, unwrapper.Unwrap(0));
        Assert.Equal(65_535, unwrapper.Unwrap(65_535));
        Assert.Equal(65_537, unwrapper.Unwrap(1));
        for (var number = 65_538L; number < 400_000; number += 3)
        {
            Assert.Equal(number, unwrapper.Unwrap(unchecked((ushort)number)));
        }

        var timestamps = new TimestampUnwrapper();
        Assert.Equal(uint.MaxValue, timestamps.Unwrap(uint.MaxValue));
        Assert.Equal(uint.MaxValue + 3_000L, timestamps.Unwrap(2_999));
        Assert.Equal(uint.MaxValue - 1L, timestamps.Unwrap(uint.MaxValue - 1));
    }
}
