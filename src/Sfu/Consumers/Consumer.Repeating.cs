using Roomcast.Rtc.Rtp;
using Roomcast.Rtc.Rtp.Extensions;

namespace Roomcast.Sfu.Consumers;

/// <content>What is sent again: what the receiver asks for, and what is known to be lost before it asks.</content>
public sealed partial class Consumer
{
    private const int MaxRepeats = 12;

    // Of a round trip. Some receivers take theirs for shorter than we do, and ask oftener for what they have long missed.
    private const double FirstRepeatDistance = 0.75;
    private const double RepeatDistance = 0.45;

    private static readonly TimeSpan MinRepeatDistance = TimeSpan.FromMilliseconds(20);

    /// <summary>Packets sent again.</summary>
    public long PacketsRepeated { get; private set; }

    /// <summary>Sends a packet again, if it is still there and was not sent a moment ago.</summary>
    /// <param name="number">Its number, as the receiver names it.</param>
    /// <param name="roundTrip">To the receiver and back; null when not known.</param>
    /// <param name="now">Monotonic time.</param>
    internal void Repeat(ushort number, TimeSpan? roundTrip, TimeSpan now)
    {
        ref var entry = ref _history.Find(number, _rewriter.HighestOut, out var isFound);

        // A request that comes sooner than a round trip after the packet left was made before it could arrive: it was asked
        // for while it was still missing here, or asked for twice.
        var distance = (roundTrip ?? TimeSpan.Zero) * (entry.Repeats == 0 ? FirstRepeatDistance : RepeatDistance);
        distance = distance > MinRepeatDistance ? distance : MinRepeatDistance;
        if (!isFound || entry.Repeats >= MaxRepeats || now - entry.SentAt < distance)
        {
            return;
        }

        if (entry.Number < _keyframeNumber && _transport.Estimator.IsQueueFull(now))
        {
            return; // The receiver can go on at the keyframe, which waits in the same queue.
        }

        if (entry.IsPadding)
        {
            CountRepeating(entry, PacketWriter.PaddingBytes, now);
            _writer.SendPadding(entry); // A receiver cannot know that it misses nothing.
        }
        else if (entry.Stream!.Cache.TryGet(entry.SourceNumber, out var packet) && RtpHeader.TryRead(packet, out var header))
        {
            CountRepeating(entry, packet.Length, now);
            var values = new RtpExtensionValues(packet, header, Producer.Extensions);
            _writer.Send(entry, packet, header, values);
            if (entry.Repeats > 0 || IsLossy(now))
            {
                _writer.Send(entry, packet, header, values);
            }
        }
        else
        {
            return;
        }

        entry.Repeats++;
        entry.SentAt = now;
        PacketsRepeated++;
    }

    /// <summary>Sends a packet again that is reported not to have arrived, before or although nobody asks for it.</summary>
    internal void RepeatUnasked(ushort number, TimeSpan now)
    {
        ref var entry = ref _history.Find(number, _rewriter.HighestOut, out var isFound);
        if (isFound && entry.Repeats == 0 && !entry.IsPadding && IsLossy(now))
        {
            Repeat(number, null, now);
        }
    }

    private void CountRepeating(in SentEntry entry, int bytes, TimeSpan now)
    {
        if (_isInFeedback)
        {
            // A receiver asks for what came late to us as for what was lost on its own way.
            _transport.Estimator.OnRepeating(entry.TransportNumber, bytes, wasLost: !entry.CameLate, now);
        }
    }
}
