using Roomcast.Client.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Client.Tests.Meeting;

/// <summary>A picture is sent in three encodings, and each participant gets the one they ask for.</summary>
[Collection(nameof(MeetingServer))]
public class SimulcastTests(MeetingServer server)
{
    private static readonly (string Rid, int Width, int Height)[] Sizes = [("f", 320, 180), ("h", 160, 90), ("q", 80, 46)];

    [Fact]
    public async Task Each_participant_gets_the_encoding_that_they_prefer()
    {
        using var folder = new TemporaryFolder();
        var layers = new List<SimulcastLayer>();
        foreach (var (rid, width, height) in Sizes)
        {
            var path = Path.Combine(folder.Path, rid + ".ivf");
            await FfmpegTool.RunAsync(
                "-f", "lavfi", "-i", $"testsrc2=size={width}x{height}:rate=15:duration=20", "-c:v", "libvpx", "-deadline", "realtime", "-g", "15", "-b:v", "150k", path);
            layers.Add(new SimulcastLayer(rid, await IvfVideoSource.OpenAsync(path, repeats: true)));
        }

        var meeting = await server.CreateMeetingAsync();
        await using var sender = await server.InitAsync(meeting, "Sender", change: options => options with { Video = new SimulcastVideoSource(layers) });
        await sender.JoinAsync();
        foreach (var (rid, width, height) in Sizes)
        {
            await using var receiver = await server.InitAsync(meeting, $"Wants {rid}", change: options => options with { Video = null, Audio = null, PreferredEncoding = rid });
            await receiver.JoinAsync();
            var sizes = new KeyframeSizes();
            await MeetingServer.UntilAsync(() => receiver.Participants.Joined.Get(sender.Self.Id)?.VideoTrack is not null, "the picture is received");
            receiver.Participants.Joined.Get(sender.Self.Id)!.VideoTrack!.AddSink(sizes);

            await MeetingServer.UntilAsync(() => sizes.Newest == (width, height) && sizes.FramesOfNewest > 20, $"{rid} is received");
        }
    }

    [Fact]
    public void Encodings_have_names_of_their_own_and_there_are_three_at_most()
    {
        var layer = new SimulcastLayer("f", new TestPatternSource());

        Assert.Throws<ArgumentException>(() => new SimulcastVideoSource(layer, layer));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SimulcastVideoSource());
        Assert.Throws<ArgumentOutOfRangeException>(() => new SimulcastVideoSource(layer, layer, layer, layer));
    }

    private sealed class KeyframeSizes : IFrameSink
    {
        private readonly Lock _lock = new();
        private (int Width, int Height) _newest;
        private int _frames;

        public (int Width, int Height) Newest
        {
            get
            {
                lock (_lock)
                {
                    return _newest;
                }
            }
        }

        public int FramesOfNewest
        {
            get
            {
                lock (_lock)
                {
                    return _frames;
                }
            }
        }

        public void OnFrame(in EncodedFrame frame)
        {
            lock (_lock)
            {
                if (frame.IsKeyframe && (frame.Width, frame.Height) != _newest)
                {
                    (_newest, _frames) = ((frame.Width, frame.Height), 0);
                }

                _frames++;
            }
        }

        public void OnEnded()
        {
        }
    }
}
