using Roomcast.Rtc.Rtcp;
using Roomcast.Sfu.Consumers;
using Roomcast.Sfu.Producers;
using Roomcast.Sfu.Routing;

namespace Roomcast.Sfu.Tests.Routing;

/// <summary>What passes of a track, as it is told of in the reports on peers.</summary>
public sealed class PictureCountTests
{
    private const int Pictures = 30;

    private readonly TestSession _session = new();
    private readonly TestEncoding _large = new(1, "f", "3", packetsPerFrame: 3, packetBytes: 600) { Size = (1_280, 720) };
    private readonly TestEncoding _small = new(3, "q", "3", packetsPerFrame: 1, packetBytes: 200) { Size = (320, 180) };
    private readonly SfuTransport _from;
    private readonly SfuTransport _to;
    private readonly Producer _producer;
    private readonly Consumer _consumer;

    public PictureCountTests()
    {
        (_, _from) = _session.Join();
        (_, _to) = _session.Join();
        _producer = _from.Produce(TestSession.Camera());
        _consumer = _to.Consume(_producer, TestSession.Watching());
    }

    [Fact]
    public void Pictures_keyframes_bytes_and_their_size_are_those_of_the_best_encoding()
    {
        Play(_large, _small);
        Assert.Equal((Pictures, 2), (_producer.PicturesReceived, _producer.KeyframesReceived));
        Assert.Equal((1_280, 720), _producer.SizeNow(_session.Now));
        Assert.Equal(1u, _producer.SsrcNow(_session.Now));
        Assert.Equal(Pictures * ((3 * 600) + 200), _producer.BytesReceived);

        // What was sent before there was anybody to send it to is not in it.
        Assert.Equal((Pictures - 1, 1), (_consumer.PicturesSent, _consumer.KeyframesSent));
        Assert.Equal((1_280, 720), _consumer.Size);
        Assert.Equal((Pictures - 1) * 3 * 600, _consumer.BytesSent);
    }

    [Fact]
    public void What_comes_late_or_twice_is_no_other_picture()
    {
        for (var i = 0; i < 2; i++)
        {
            _large.Frame(isKeyframe: true).ForEach(packet => _session.Receive(_from, packet));
            _session.Run(33);
        }

        var (first, second) = (_large.Frame(isKeyframe: false), _large.Frame(isKeyframe: false));
        foreach (var packet in new[] { first[0], second[0], first[1], second[1], second[1], first[2], second[2] })
        {
            _session.Receive(_from, packet);
        }

        Assert.Equal((4, 2), (_producer.PicturesReceived, _producer.KeyframesReceived));
        Assert.Equal((3, 1), (_consumer.PicturesSent, _consumer.KeyframesSent));
    }

    [Fact]
    public void When_the_best_encoding_stops_the_next_is_counted_and_nothing_twice()
    {
        Play(_large, _small);
        _session.Run(2_100); // Silent for so long, it is taken for switched off.
        Play(_small);
        Assert.Equal((2 * Pictures, 4), (_producer.PicturesReceived, _producer.KeyframesReceived));
        Assert.Equal((320, 180), _producer.SizeNow(_session.Now));
        Assert.Equal(3u, _producer.SsrcNow(_session.Now));
    }

    [Fact]
    public void Keyframes_asked_for_are_counted_on_both_sides_by_how_they_were_asked_for()
    {
        Play(_large);
        var asked = _producer.KeyframesAsked;
        _to.HandleRtcp(TestSession.PliOf(9_000), _session.Now);
        _to.HandleRtcp(TestSession.PliOf(8_999), _session.Now); // Of nothing that leaves.
        _session.Run(10);
        _to.HandleRtcp(
            TestSession.Compound(buffer =>
            {
                var writer = new RtcpWriter(buffer);
                FullIntraRequest.TryWrite(ref writer, 1, 9_000, 1);
                return writer.Length;
            }),
            _session.Now);
        Assert.Equal((1, 1), (_consumer.PictureLossIndications, _consumer.FullIntraRequests));
        Assert.Equal(asked + 1, _producer.KeyframesAsked); // One for both.
    }

    [Fact]
    public void Of_sound_there_are_no_pictures()
    {
        var voice = _from.Produce(TestSession.Microphone());
        var heard = _to.Consume(voice, TestSession.Watching(ssrc: 9_001, payloadType: 121));
        Assert.Equal((0, 0, 0), (voice.PicturesReceived, voice.KeyframesReceived, heard.PicturesSent));
    }

    private void Play(params TestEncoding[] encodings)
    {
        for (var i = 0; i < Pictures; i++)
        {
            foreach (var packet in encodings.SelectMany(encoding => encoding.Frame(isKeyframe: i < 2)))
            {
                _session.Receive(_from, packet);
            }

            _session.Run(33);
        }
    }
}
