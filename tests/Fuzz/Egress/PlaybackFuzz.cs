using System.Buffers;
using System.Text;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Egress.Playback;

namespace Roomcast.Fuzz.Egress;

/// <summary>The messages between the server and a player, and addresses of what is to be played.</summary>
public sealed class PlaybackFuzz
{
    [Fact]
    public void Messages() => FuzzRun.Of(
        "playback-wire",
        [
            Written(WireKind.Play, new WirePlay(1, "https://example.com/a.mp4") { PrivateNetworks = ["10.0.0.0/8"], VolumeDb = -3, SeekMs = 5 }),
            Written(WireKind.Command, new WireCommand(PlayerAct.Seek, 1_000)),
            Written(WireKind.Playing, new WirePlaying { HasSound = true, LengthMs = 6_000, Fault = "source_failed" }),
        ],
        bytes =>
        {
            if (WireMessage.TryRead(bytes, out _, out var body, out _) is not OperationStatus.Done)
            {
                return;
            }

            if (WireJson.TryRead<WirePlay>(body, out var play))
            {
                Assert.InRange(play.Url.Length, 1, PlaybackAddress.MaxLength);
                Assert.True(double.IsFinite(play.VolumeDb) && play.SeekMs >= 0);
            }

            Assert.True(!WireJson.TryRead<WireCommand>(body, out var command) || double.IsFinite(command.Value));
            Assert.True(!WireJson.TryRead<WirePlaying>(body, out var playing) || (double.IsFinite(playing.PositionMs) && playing.LengthMs is null or >= 0));
        });

    [Fact]
    public void Addresses() => FuzzRun.Of(
        "playback-address",
        [.. new[] { "https://example.com/a.mp4?b=c", "rtmps://user@[::1]:99999/a/b", "http://0x7f.1/a", "file:///etc/passwd" }.Select(Encoding.UTF8.GetBytes)],
        bytes =>
        {
            var url = Encoding.UTF8.GetString(bytes);
            if (PlaybackAddress.TryParse(url, [], out var address, out var fault))
            {
                Assert.Equal((PlaybackAddressFault.None, url), (fault, address.Url));
                Assert.True(Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" or "rtmp" or "rtmps");
            }
            else
            {
                Assert.NotEqual(PlaybackAddressFault.None, fault);
            }
        });

    private static byte[] Written<T>(WireKind kind, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        WireJson.Write(kind, value, output);
        return output.WrittenSpan.ToArray();
    }
}
