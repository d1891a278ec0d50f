using System.Buffers;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtc;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Speech;
using Roomcast.Transcripts.Services;
using Roomcast.Transcripts.Speech;

namespace Roomcast.Transcripts.Tests;

/// <summary>From packets to text: real Opus in RTP, cut, sent as Ogg over HTTP, decoded by another program.</summary>
public sealed class SpeechTests
{
    private const int PacketMs = 20;

    [Fact]
    public async Task What_microphones_say_becomes_text_in_pieces_and_nothing_else_is_heard()
    {
        await using var endpoint = await HearingEndpoint.StartAsync();
        using var folder = new TemporaryFolder();
        var clock = new ManualClock();
        var listener = new SpeechListener(peer => peer != "carol", TimeSpan.FromSeconds(2), clock);
        var running = listener.RunAsync();

        var low = await ToneAsync(folder, 440, 3);
        var high = await ToneAsync(folder, 880, 3);
        var other = await ToneAsync(folder, 1_200, 3);
        listener.OnTrack(TrackOf("anna-mic", "anna"), 11, 111);
        listener.OnTrack(TrackOf("bob-mic", "bob"), 12, 111);
        listener.OnTrack(TrackOf("carol-mic", "carol"), 13, 111);
        listener.OnTrack(TrackOf("bob-screen", "bob", isScreen: true), 14, 111);
        var (anna, bob, carol, screen) = (Packetizer(11), Packetizer(12), Packetizer(13), Packetizer(14));
        for (var i = 0; i < 350; i++)
        {
            var at = TimeSpan.FromMilliseconds(i * PacketMs);

            // A packet in twenty is lost on the way, and one comes late; then there is a second of nothing.
            var sound = i < 140 ? low[i] : i is >= 190 and < 330 ? high[i - 190] : null;
            if (sound is not null && i % 20 != 7)
            {
                listener.OnPacket(anna.Opus(sound, at), isRtcp: false);
            }
            else if (sound is not null)
            {
                anna.Opus(sound, at);
            }

            if (i < 140)
            {
                listener.OnPacket(bob.Opus(other[i], at), isRtcp: false);
                listener.OnPacket(carol.Opus(other[i], at), isRtcp: false);
                listener.OnPacket(screen.Opus(low[i], at), isRtcp: false);
            }

            clock.Advance(TimeSpan.FromMilliseconds(PacketMs));
        }

        listener.OnTrackEnded("anna-mic");
        listener.OnEnded();
        await running;

        using var service = Service();
        var heard = new List<(SpeechPiece Piece, string Text)>();
        await foreach (var piece in listener.Pieces.ReadAllAsync())
        {
            heard.Add((piece, await service.TranscribeAsync(At(endpoint), piece, new SpeechHints("en-US", ["Roomcast"]), CancellationToken.None)));
        }

        string[] Of(string peer) => [.. heard.Where(one => one.Piece.PeerId == peer).OrderBy(one => one.Piece.StartedAt).Select(one => one.Text)];
        Assert.Equal(["tone 440", "tone 880"], Of("anna").Distinct());
        Assert.Equal(["tone 1200"], Of("bob").Distinct());
        Assert.Empty(Of("carol"));
        Assert.All(heard, one => Assert.InRange(one.Piece.EndedAt - one.Piece.StartedAt, TimeSpan.FromMilliseconds(PacketMs), TimeSpan.FromMilliseconds(2_100)));
        Assert.InRange(heard.Where(one => one.Piece.PeerId == "bob").Sum(one => (one.Piece.EndedAt - one.Piece.StartedAt).TotalSeconds), 2.6, 2.81);
        Assert.All(endpoint.Asked, asked => Assert.Equal("Bearer a-key a-model en Roomcast", asked));
        Assert.Equal(0, listener.Lost);
    }

    [Fact]
    public async Task Packets_are_kept_in_memory_that_is_given_back_whatever_becomes_of_them()
    {
        var pool = new CountingPool();
        var clock = new ManualClock();
        var (anna, packet) = (Packetizer(11), new byte[100]);
        packet[0] = 0xFC; // Opus, CELT, 20 ms.

        // One that is cut until the session ends, with more than may wait before; and one that nobody ever cut.
        foreach (var isCut in new[] { true, false })
        {
            using var listener = new SpeechListener(_ => true, TimeSpan.FromSeconds(2), clock, pool);
            listener.OnTrack(TrackOf("anna-mic", "anna"), 11, 111);
            for (var i = 0; i < 5_000; i++)
            {
                listener.OnPacket(anna.Opus(packet, TimeSpan.FromMilliseconds(i * PacketMs)), isRtcp: false);
            }

            Assert.True(listener.Lost > 0);
            Assert.InRange(pool.Rented, 1_000, 5_000);
            if (isCut)
            {
                listener.OnEnded();
                await listener.RunAsync();
                Assert.Equal(0, pool.Rented);
            }

            listener.Dispose();
            listener.OnPacket(anna.Opus(packet, TimeSpan.FromMinutes(5)), isRtcp: false);
            Assert.Equal(0, pool.Rented);
        }
    }

    [Fact]
    public void Nothing_is_allocated_for_a_packet()
    {
        using var listener = new SpeechListener(_ => true, TimeSpan.FromSeconds(2), new ManualClock());
        listener.OnTrack(TrackOf("anna-mic", "anna"), 11, 111);
        var packet = Packetizer(11).Opus(new byte[1_000], TimeSpan.Zero);

        // Until no more may wait: the queue has grown to its size by then.
        while (listener.Lost == 0)
        {
            listener.OnPacket(packet, isRtcp: false);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            listener.OnPacket(packet, isRtcp: false);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    [Fact]
    public async Task A_service_that_fails_for_a_while_is_asked_again_and_one_that_refuses_is_not()
    {
        await using var endpoint = await HearingEndpoint.StartAsync();
        using var folder = new TemporaryFolder();
        using var service = Service();
        var cutter = new SpeechCutter("anna", TimeSpan.FromSeconds(60));
        var at = DateTimeOffset.UnixEpoch;
        foreach (var packet in await ToneAsync(folder, 440, 1))
        {
            cutter.Take(packet, at += TimeSpan.FromMilliseconds(PacketMs));
        }

        var piece = cutter.End()!;
        endpoint.Refusals.Enqueue(503);
        endpoint.Refusals.Enqueue(429);
        Assert.Equal("tone 440", await service.TranscribeAsync(At(endpoint), piece, new SpeechHints(null, []), CancellationToken.None));
        endpoint.Refusals.Enqueue(401);
        var fault = await Assert.ThrowsAsync<AiServiceException>(
            () => service.TranscribeAsync(At(endpoint), piece, new SpeechHints(null, []), CancellationToken.None));
        Assert.False(fault.IsPassing);
        Assert.DoesNotContain("a-key", fault.ToString(), StringComparison.Ordinal);
        Assert.Empty(endpoint.Refusals);
    }

    [Fact]
    public async Task A_service_that_an_app_chose_must_be_in_the_public_internet()
    {
        await using var endpoint = await HearingEndpoint.StartAsync();
        using var service = Service();
        var piece = new SpeechPiece("anna", default, default, new byte[100]);
        var fault = await Assert.ThrowsAsync<AiServiceException>(() => service.TranscribeAsync(
            At(endpoint) with { IsOperators = false }, piece, new SpeechHints(null, []), CancellationToken.None));
        Assert.Contains("public internet", fault.Message, StringComparison.Ordinal);
        Assert.Empty(endpoint.Asked);
    }

    [Fact]
    public async Task A_summary_is_asked_for_as_the_meeting_wants_it()
    {
        await using var endpoint = await HearingEndpoint.StartAsync();
        using var service = Service();
        var summary = await service.SummariseAsync(
            At(endpoint), "Anna: one\nBob: two\n", new SummaryWish("team_meeting", IsMarkdown: false, 200), CancellationToken.None);
        Assert.Equal("# 2 lines, first: Anna: one", summary);
        var asked = Assert.Single(endpoint.Asked);
        Assert.Contains("team meeting", asked, StringComparison.Ordinal);
        Assert.Contains("200 words", asked, StringComparison.Ordinal);
        Assert.Contains("plain text", asked, StringComparison.Ordinal);
    }

    private sealed class CountingPool : ArrayPool<byte>
    {
        private readonly HashSet<byte[]> _rented = [];

        public int Rented => _rented.Count;

        public override byte[] Rent(int minimumLength)
        {
            var bytes = new byte[minimumLength];
            _rented.Add(bytes);
            return bytes;
        }

        public override void Return(byte[] array, bool clearArray = false) => Assert.True(_rented.Remove(array));
    }

    private static HttpAiService Service() => new(new TranscriptOptions { RetryDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);

    private static AiService At(HearingEndpoint endpoint) => new(endpoint.Address, "a-model", "a-key", IsOperators: true);

    private static RtpPacketizer Packetizer(uint ssrc) => new(ssrc, 111, 48_000);

    private static MediaProducer TrackOf(string id, string peer, bool isScreen = false) =>
        new(id, peer, MediaKind.Audio, false, isScreen, "", "t", "audio/opus", id);

    private static async Task<IReadOnlyList<byte[]>> ToneAsync(TemporaryFolder folder, int hertz, int seconds) =>
        OpusTone.PacketsOf(await OpusTone.WriteAsync(folder, hertz, seconds));
}
