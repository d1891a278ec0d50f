using Roomcast.Egress.Push;
using Roomcast.Feeds;
using Roomcast.Media;
using Roomcast.Media.Codecs;
using Roomcast.Media.Containers.Flv;
using Roomcast.Media.Time;
using Roomcast.Rtmp.Connection;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Egress.Tests.Push;

public sealed class PushMuxerTests
{
    [Fact]
    public void Pictures_without_sound_are_sent_with_silence_beside_them()
    {
        using var run = new MuxerRun(new TestFeed(TestFeed.Picture));
        run.Feed.Send(100);
        var messages = run.Drain();

        Assert.Equal(SilentAac.Configuration, messages[1].Payload);
        Assert.True(messages[2].IsKeyframe);
        var silence = messages.Where(message => message is { Kind: RtmpMediaKind.Audio, IsHeader: false }).ToList();
        Assert.All(silence, message => Assert.Equal(SilentAac.Frame, message.Payload));
        Assert.Equal(Enumerable.Range(0, silence.Count).Select(i => (uint)(i * 1_024 * 1_000L / 48_000)), silence.Select(message => message.TimeMs));
        Assert.InRange(silence.Count, 99 * 40 * 48 / 1_024, (100 * 40 * 48 / 1_024) + 1);
        Assert.Equal((10.0, 48_000.0), (run.Metadata[0]["audiocodecid"]!.AsNumber()!.Value, run.Metadata[0]["audiosamplerate"]!.AsNumber()!.Value));
    }

    [Fact]
    public async Task The_silence_is_true_AAC_that_decodes_to_zeros()
    {
        using var run = new MuxerRun(new TestFeed(TestFeed.Picture));
        run.Feed.Send(100);
        var media = new PublishMedia([.. run.Drain().Where(message => message.Kind is RtmpMediaKind.Audio).Select(message => new PublishMessage(message.Kind, message.TimeMs, message.Body, message.IsHeader))]);
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder.PathOf("silence.flv"), media.ToFlv());
        var errors = await FfmpegTool.RunAsync("-v", "warning", "-xerror", "-err_detect", "explode", "-i", folder.PathOf("silence.flv"), "-f", "s16le", folder.PathOf("silence.raw"));
        var samples = await File.ReadAllBytesAsync(folder.PathOf("silence.raw"));

        Assert.Equal("", errors);
        Assert.InRange(samples.Length, media.SoundFrames * 1_024 * 4 - 16_384, media.SoundFrames * 1_024 * 4);
        Assert.All(samples, sample => Assert.Equal(0, sample));
    }

    [Fact]
    public void Sound_alone_begins_with_its_first_frame()
    {
        using var run = new MuxerRun(new TestFeed(TestFeed.Sound));
        run.Feed.Send(10);
        var messages = run.Drain();

        Assert.True(messages[0] is { Kind: RtmpMediaKind.Audio, IsHeader: true });
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (uint)(i * 40)), messages.Skip(1).Select(message => message.TimeMs));
        Assert.Null(run.Metadata[0]["width"]);
    }

    [Fact]
    public void Tracks_that_change_are_told_by_new_headers_and_those_that_do_not_are_not()
    {
        using var run = new MuxerRun(new TestFeed());
        run.Feed.Send(10);
        run.Feed.SetTracks(TestFeed.OtherPicture, TestFeed.Sound);
        run.Feed.Send(10);
        run.Feed.SetTracks(TestFeed.OtherPicture);
        run.Feed.Send(10);
        run.Feed.SetTracks(TestFeed.OtherPicture, TestFeed.Sound);
        run.Feed.Send(10);
        var headers = run.Drain().Where(message => message.IsHeader).Select(message => message.Payload).ToList();

        Assert.Equal(
            [TestFeed.Picture.Configuration.ToArray(), TestFeed.Sound.Configuration.ToArray(), TestFeed.OtherPicture.Configuration.ToArray(), [.. SilentAac.Configuration], TestFeed.Sound.Configuration.ToArray()],
            headers);
        Assert.Equal(4, run.Metadata.Count);
    }

    [Fact]
    public void The_composition_offset_of_pictures_out_of_order_is_kept()
    {
        using var run = new MuxerRun(new TestFeed(TestFeed.Picture, TestFeed.Sound));
        var start = MediaTime.FromTimescale(123_456, 1_000);
        int[] offsets = [80, 160, 40, 0, 80];
        for (var i = 0; i < offsets.Length; i++)
        {
            var at = start + TimeSpan.FromMilliseconds(40 * i);
            run.Feed.Send(0, at, at + TimeSpan.FromMilliseconds(offsets[i]), i == 0, i);
        }

        var pictures = run.Drain().Where(message => message is { Kind: RtmpMediaKind.Video, IsHeader: false }).ToList();
        Assert.Equal(offsets, pictures.Select(picture => (picture.Body[2] << 16) | (picture.Body[3] << 8) | picture.Body[4]));
        Assert.Equal([0u, 40, 80, 120, 160], pictures.Select(picture => picture.TimeMs));
    }

    [Fact]
    public void A_codec_that_the_target_does_not_take_is_not_sent()
    {
        using var run = new MuxerRun(new TestFeed(TestFeed.Make(0, Codec.H265, CodecSamples.HevcMain), TestFeed.Sound), isEnhanced: false);
        run.Feed.Send(10);
        Assert.Empty(run.Drain());
        Assert.Equal(Codec.H265, run.Muxer.RefusedCodec);
    }

    [Fact]
    public void H265_goes_to_a_target_that_says_it_takes_it()
    {
        using var run = new MuxerRun(new TestFeed(TestFeed.Make(0, Codec.H265, CodecSamples.HevcMain), TestFeed.Sound));
        run.Feed.Send(2);
        var messages = run.Drain();

        Assert.Equal("hvc1"u8.ToArray(), messages[0].Body[1..5]);
        var reader = FlvTagBodyReader.OfVideo(messages[0].Body);
        Assert.Equal(FlvReadResult.Packet, reader.TryRead(out var packet));
        Assert.Equal((Codec.H265, FlvPacketType.SequenceStart), (packet.Codec, packet.Type));
    }

    /// <summary>Whatever a feed does, time never goes back, and every stretch begins with a keyframe.</summary>
    [Fact]
    public void Time_never_goes_back_whatever_the_feed_does()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            using var run = new MuxerRun(new TestFeed());
            var at = TimeSpan.FromSeconds(random.Next(0, 100_000));
            var needsKeyframe = true;
            for (var step = 0; step < 100; step++)
            {
                switch (random.Next(20))
                {
                    case 0:
                        run.Feed.Publisher.MarkDiscontinuity();
                        at += TimeSpan.FromMilliseconds(random.Next(-100_000, 100_000));
                        needsKeyframe = true;
                        break;
                    case 1:
                        run.Feed.Publisher.SetTracks(random.Next(3) switch
                        {
                            0 => [TestFeed.OtherPicture, TestFeed.Sound],
                            1 => [TestFeed.Picture],
                            _ => [TestFeed.Picture, TestFeed.Sound],
                        });
                        needsKeyframe = true;
                        break;
                    default:
                        at += TimeSpan.FromMilliseconds(random.Next(1, 60));
                        var time = MediaTime.Zero + at;
                        run.Feed.Send(0, time, time + TimeSpan.FromMilliseconds(random.Next(0, 80)), needsKeyframe, step);
                        needsKeyframe = false;
                        run.Feed.Send(1, time - TimeSpan.FromMilliseconds(random.Next(0, 40)), time, true, step);
                        break;
                }
            }

            var messages = run.Drain();
            foreach (var kind in new[] { RtmpMediaKind.Video, RtmpMediaKind.Audio })
            {
                var times = messages.Where(message => message.Kind == kind && !message.IsHeader).Select(message => message.TimeMs).ToList();
                Assert.True(times.SequenceEqual(times.Order()), $"Seed {seed}: {kind} goes back.");
            }

            var firstFrame = messages.First(message => !message.IsHeader);
            Assert.True(firstFrame.IsKeyframe && firstFrame.TimeMs == 0, $"Seed {seed}");
            for (var i = 1; i < messages.Count; i++)
            {
                if (messages[i - 1] is { Kind: RtmpMediaKind.Video, IsHeader: true })
                {
                    var next = messages.Skip(i).First(message => message is { Kind: RtmpMediaKind.Video });
                    Assert.True(next.IsHeader || next.IsKeyframe, $"Seed {seed}: no keyframe behind a header.");
                }
            }
        }
    }

    /// <summary>A muxer between a feed and the two engines facing each other.</summary>
    private sealed class MuxerRun : IDisposable
    {
        private readonly RtmpClientConnection _client;
        private readonly SinkConnection _sink = new(new SinkPlan());
        private readonly FeedSubscription _subscription;

        public MuxerRun(TestFeed feed, bool isEnhanced = true)
        {
            Feed = feed;
            _subscription = feed.Feed.TrySubscribe(new SubscriberOptions { MaxFrames = 100_000 })!;
            _client = new RtmpClientConnection(PushRun.Address().Target, new RtmpClientOptions { IsEnhanced = isEnhanced });
            Muxer = new PushMuxer(_client, null);
            _client.Start();
            var buffer = new byte[65_536];
            while (_client.State is not RtmpClientState.Publishing)
            {
                Flush();
                var count = _sink.ReceiveAsync(buffer).AsTask().GetAwaiter().GetResult();
                ReadOnlySpan<byte> bytes = buffer.AsSpan(0, count);
                do
                {
                    bytes = bytes[_client.Read(bytes, out _)..];
                }
                while (!bytes.IsEmpty);
            }
        }

        public TestFeed Feed { get; }

        public PushMuxer Muxer { get; }

        public IReadOnlyList<Roomcast.Rtmp.Amf.AmfObject> Metadata => _sink.Metadata;

        public IReadOnlyList<SinkMessage> Drain()
        {
            while (_subscription.TryRead(out var item))
            {
                switch (item.Kind)
                {
                    case FeedItemKind.Tracks:
                        Muxer.SetTracks(item.Tracks!);
                        break;
                    case FeedItemKind.Discontinuity:
                        Muxer.MarkDiscontinuity(hasDropped: false);
                        break;
                    case FeedItemKind.Frame:
                        Muxer.Write(item.Frame!);
                        item.Frame!.Release();
                        break;
                }
            }

            Flush();
            return _sink.Messages;
        }

        public void Dispose()
        {
            _subscription.Dispose();
            _client.Dispose();
        }

        private void Flush()
        {
            _sink.SendAsync(_client.Output.ToArray()).AsTask().GetAwaiter().GetResult();
            _client.OutputSent(_client.Output.Length);
        }
    }
}
