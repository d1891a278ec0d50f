using Roomcast.Rtc.Rtp.H264;
using Roomcast.Rtc.Rtp.Opus;
using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Rtc.Rtp.Vp9;

namespace Roomcast.Rtc.Tests.Rtp;

public sealed class PayloadTests
{
    // Extended, start of partition 0; picture id of 15 bits, TL0PICIDX, layer 1 with sync, key index 5; a keyframe of 640x360.
    internal static readonly byte[] Vp8Keyframe =
        [0x90, 0xF0, 0x92, 0x34, 0x56, 0x65, 0x10, 0x02, 0x00, 0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01, 0xFF];

    [Fact]
    public void A_vp8_keyframe_is_known_with_its_counts_and_size()
    {
        Assert.True(Vp8PayloadDescriptor.TryRead(Vp8Keyframe, out var read));

        Assert.Equal(6, read.Length);
        Assert.True(read.StartsFrame);
        Assert.True(read.StartsKeyframe);
        Assert.True(read.IsPictureIdLong);
        Assert.Equal(0x1234, read.PictureId);
        Assert.Equal(0x56, read.Tl0PictureIndex);
        Assert.Equal(1, read.TemporalLayer);
        Assert.True(read.IsLayerSync);
        Assert.Equal((640, 360), (read.Width, read.Height));
    }

    [Fact]
    public void Vp8_counts_are_written_over_without_moving_anything()
    {
        var payload = (byte[])Vp8Keyframe.Clone();
        Assert.True(Vp8PayloadDescriptor.TryRead(payload, out var read));

        read.Rewrite(payload, 0x7FFF, 0xFE);

        Assert.True(Vp8PayloadDescriptor.TryRead(payload, out var again));
        Assert.Equal((0x7FFF, 0xFE), (again.PictureId, again.Tl0PictureIndex));
        Assert.Equal((read.Length, read.TemporalLayer, read.StartsKeyframe), (again.Length, again.TemporalLayer, again.StartsKeyframe));
        Assert.Equal(Vp8Keyframe[6..], payload[6..]);
    }

    [Fact]
    public void A_short_vp8_picture_id_keeps_its_seven_bits()
    {
        byte[] payload = [0x90, 0x80, 0x05, 0x01];
        Assert.True(Vp8PayloadDescriptor.TryRead(payload, out var read));
        Assert.Equal(5, read.PictureId);
        Assert.False(read.StartsKeyframe);

        read.Rewrite(payload, 0x1FF, 0);

        Assert.Equal([0x90, 0x80, 0x7F, 0x01], payload);
    }

    [Fact]
    public void A_vp8_packet_without_extensions_is_a_keyframe_by_its_first_bit()
    {
        Assert.True(Vp8PayloadDescriptor.TryRead([0x10, 0x00], out var key));
        Assert.True(key.StartsKeyframe);
        Assert.Equal(0, key.Width);
        Assert.True(Vp8PayloadDescriptor.TryRead([0x10, 0x01], out var delta));
        Assert.False(delta.StartsKeyframe);
        Assert.True(Vp8PayloadDescriptor.TryRead([0x00, 0x00], out var middle));
        Assert.False(middle.StartsKeyframe);
    }

    [Fact]
    public void Descriptors_cut_short_are_refused()
    {
        for (var length = 0; length <= 6; length++)
        {
            Assert.False(Vp8PayloadDescriptor.TryRead(Vp8Keyframe.AsSpan(0, length), out _));
        }

        for (var length = 0; length <= 5; length++)
        {
            Assert.False(Vp9PayloadDescriptor.TryRead(Vp9Keyframe.AsSpan(0, length), out _));
        }
    }

    // Picture id of 15 bits, layers, not flexible, begin, scalability structure with one layer's size.
    internal static readonly byte[] Vp9Keyframe =
        [0xAA, 0x81, 0x23, 0x00, 0x07, 0x18, 0x05, 0x00, 0x02, 0xD0, 0x01, 0x00, 0xFF];

    [Fact]
    public void A_vp9_keyframe_is_known_behind_its_scalability_structure()
    {
        Assert.True(Vp9PayloadDescriptor.TryRead(Vp9Keyframe, out var read));

        Assert.True(read.StartsKeyframe);
        Assert.Equal(0x123, read.PictureId);
        Assert.Equal(7, read.Tl0PictureIndex);
        Assert.Equal(12, read.Length);
    }

    [Fact]
    public void A_vp9_frame_of_the_flexible_mode_passes_over_its_references()
    {
        // I, P, L, F, B: picture id of 7 bits, layers T1 S1 D, two references.
        byte[] payload = [0xF8, 0x05, 0x23, 0x03, 0x02, 0xEE];

        Assert.True(Vp9PayloadDescriptor.TryRead(payload, out var read));

        Assert.False(read.StartsKeyframe);
        Assert.Equal(1, read.TemporalLayer);
        Assert.Equal(1, read.SpatialLayer);
        Assert.True(read.IsInterLayer);
        Assert.Equal(5, read.Length);
        Assert.False(Vp9PayloadDescriptor.TryRead([0xF8, 0x05, 0x23, 0x03, 0x03, 0x03, 0xEE], out _)); // Four references.
    }

    [Theory]
    [InlineData(new byte[] { 0x65, 1 }, H264PayloadForm.Single, true)]
    [InlineData(new byte[] { 0x67, 1 }, H264PayloadForm.Single, true)]
    [InlineData(new byte[] { 0x41, 1 }, H264PayloadForm.Single, false)]
    [InlineData(new byte[] { 0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1 }, H264PayloadForm.Aggregation, true)]
    [InlineData(new byte[] { 0x78, 0, 2, 0x06, 1, 0, 2, 0x41, 1 }, H264PayloadForm.Aggregation, false)]
    [InlineData(new byte[] { 0x7C, 0x85, 1 }, H264PayloadForm.Fragment, true)]
    [InlineData(new byte[] { 0x7C, 0x05, 1 }, H264PayloadForm.Fragment, false)]
    [InlineData(new byte[] { 0x7C, 0x81, 1 }, H264PayloadForm.Fragment, false)]
    public void H264_packets_say_whether_a_keyframe_begins(byte[] payload, H264PayloadForm form, bool isKeyframe)
    {
        Assert.True(H264Payload.TryRead(payload, out var read));
        Assert.Equal(form, read.Form);
        Assert.Equal(isKeyframe, read.StartsKeyframe);
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0x00 })]
    [InlineData(new byte[] { 0xE5 })]
    [InlineData(new byte[] { 0x78 })]
    [InlineData(new byte[] { 0x78, 0, 3, 0x67 })]
    [InlineData(new byte[] { 0x78, 0, 0 })]
    [InlineData(new byte[] { 0x7C, 0x85 })]
    [InlineData(new byte[] { 0x7D, 1, 2, 3, 4 })]
    public void H264_packets_of_other_kinds_or_cut_short_are_refused(byte[] payload) =>
        Assert.False(H264Payload.TryRead(payload, out _));

    [Theory]
    [InlineData(new byte[] { 0x78, 1, 2 }, 20.0, false, false)] // CELT fullband, 20 ms, mono, one frame.
    [InlineData(new byte[] { 0xFC, 1, 2 }, 20.0, true, false)]
    [InlineData(new byte[] { 0x0B, 0x03, 9 }, 60.0, false, false)] // SILK, three frames of 20 ms.
    [InlineData(new byte[] { 0x80, 1, 2 }, 2.5, false, false)]
    [InlineData(new byte[] { 0x78 }, 20.0, false, true)]
    [InlineData(new byte[] { 0x19, 1, 2 }, 120.0, false, false)]
    public void Opus_packets_say_how_long_they_sound(byte[] payload, double milliseconds, bool isStereo, bool isSilence)
    {
        Assert.True(OpusPayload.TryRead(payload, out var read));
        Assert.Equal(new OpusPayload(TimeSpan.FromMilliseconds(milliseconds), isStereo, isSilence), read);
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0x0B })]
    [InlineData(new byte[] { 0x0B, 0 })]
    [InlineData(new byte[] { 0x1B, 3, 1 })] // Three frames of 60 ms.
    public void Opus_packets_that_cannot_be_are_refused(byte[] payload) => Assert.False(OpusPayload.TryRead(payload, out _));
}
