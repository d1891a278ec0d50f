using Roomcast.Rtc.Rtp.Vp8;
using Roomcast.Sfu.Layers;

namespace Roomcast.Sfu.Tests.Layers;

public sealed class TemporalFilterTests
{
    private readonly TemporalFilter _filter = new();
    private uint _timestamp = uint.MaxValue - 10_000; // Wraps on the way.

    [Fact]
    public void Everything_passes_until_less_is_wanted()
    {
        Assert.Equal([true, true, true, true], Frames((0, false), (2, true), (1, true), (2, false)));
        _filter.Want(1);
        Assert.Equal([true, false, true, false], Frames((0, false), (2, false), (1, false), (2, false)));
        _filter.Want(0);
        Assert.Equal([true, false, false, false], Frames((0, false), (2, true), (1, true), (2, true)));
        Assert.Equal(0, _filter.Limit);
    }

    [Fact]
    public void A_layer_is_taken_up_again_where_it_needs_the_base_alone()
    {
        _filter.Want(0);
        Frames((0, false));
        _filter.Want(TemporalFilter.All);

        // The second of layer 1 needs the first, which is not there; the third begins anew, and layer 2 after it.
        Assert.Equal([true, false, false, true, false, true, true], Frames(
            (0, false), (1, false), (2, false), (1, true), (2, false), (2, true), (2, false)));
    }

    [Fact]
    public void A_keyframe_takes_up_everything()
    {
        _filter.Want(0);
        Frames((0, false));
        _filter.Want(2);

        Assert.True(Passes(0, isSync: false, isKeyframe: true));
        Assert.Equal([true, true, true], Frames((2, false), (1, false), (0, false)));
    }

    [Fact]
    public void All_packets_of_a_frame_share_its_fate_however_late_they_come()
    {
        Assert.Equal([true, true], Frames((0, false), (2, false)));
        var before = _timestamp;
        _filter.Want(0);
        Assert.Equal([true, false], Frames((0, false), (2, false)));

        Assert.True(_filter.Passes(Describe(2, false, false), before));
        Assert.False(_filter.Passes(Describe(2, false, false), _timestamp));
    }

    private List<bool> Frames(params (int Layer, bool IsSync)[] frames) =>
        [.. frames.Select(frame => Passes(frame.Layer, frame.IsSync, isKeyframe: false))];

    private bool Passes(int layer, bool isSync, bool isKeyframe)
    {
        _timestamp = unchecked(_timestamp + 3_000);
        var passes = _filter.Passes(Describe(layer, isSync, isKeyframe), _timestamp);
        Assert.Equal(passes, _filter.Passes(Describe(layer, isSync, false), _timestamp)); // Its second packet.
        return passes;
    }

    private static Vp8PayloadDescriptor Describe(int layer, bool isSync, bool isKeyframe)
    {
        byte[] payload = [0x90, 0xE0, 0x80, 1, 1, (byte)((layer << 6) | (isSync ? 0x20 : 0)), (byte)(isKeyframe ? 0 : 1)];
        Assert.True(Vp8PayloadDescriptor.TryRead(payload, out var descriptor));
        return descriptor;
    }
}
