using System.Buffers.Binary;
using System.Collections.Concurrent;
using Roomcast.Egress.Composition;
using Roomcast.Rtc.Rtcp;

namespace Roomcast.Egress.Tests.Recorder;

/// <summary>A session whose packets a test makes.</summary>
public sealed class TestSource : ICompositionSource, ICompositionReturn
{
    private ICompositionInput? _input;

    /// <summary>What was said of how large tracks are wanted.</summary>
    public ConcurrentQueue<(uint Ssrc, int Height)> Heights { get; } = new();

    /// <summary>Why nobody may connect; null where one may.</summary>
    public CompositionException? Refusal { get; set; }

    /// <inheritdoc/>
    public ValueTask<ICompositionReturn?> ConnectAsync(Guid sessionId, ICompositionInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (Refusal is { } refusal)
        {
            throw refusal;
        }

        _input = input;
        input.SetScene(Scene.Empty);
        return ValueTask.FromResult<ICompositionReturn?>(this);
    }

    /// <inheritdoc/>
    public void WantKeyframe(uint ssrc)
    {
    }

    /// <inheritdoc/>
    public void PreferHeight(uint ssrc, int height) => Heights.Enqueue((ssrc, height));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Says who is there, each with a microphone.</summary>
    public void Show(params (string Id, uint Ssrc)[] peers) => _input!.SetScene(new Scene
    {
        Peers = [.. peers.Select(peer => new ScenePeer(peer.Id, peer.Id) { Microphone = new SceneTrack(peer.Ssrc, SceneCodec.Opus, 111) })],
    });

    /// <summary>Sends a sender report: when, by the sender's clock, a timestamp was.</summary>
    public void Report(uint ssrc, int secondsOfSender, uint timestamp)
    {
        var bytes = new byte[128];
        var writer = new RtcpWriter(bytes);
        if (!SenderReport.TryWrite(
            ref writer, ssrc, NtpTime.From(DateTimeOffset.UnixEpoch.AddSeconds(secondsOfSender)), timestamp, 1, 1, []))
        {
            throw new InvalidOperationException("The report does not fit.");
        }

        _input!.TakePacket(bytes.AsSpan(0, writer.Length), isRtcp: true);
    }

    /// <summary>Sends a packet of 20 ms of sound.</summary>
    public void Send(uint ssrc, ushort number, uint timestamp)
    {
        // Opus, CELT, 20 ms, stereo: the first byte says so.
        byte[] payload = [0xFC, 1, 2, 3];
        var packet = new byte[12 + payload.Length];
        packet[0] = 0x80;
        packet[1] = 111;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), number);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), ssrc);
        payload.CopyTo(packet, 12);
        _input!.TakePacket(packet, isRtcp: false);
    }
}
