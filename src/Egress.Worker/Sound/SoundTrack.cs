using Roomcast.Egress.Worker.Composing;
using Roomcast.Egress.Worker.Native;

namespace Roomcast.Egress.Worker.Sound;

/// <summary>One microphone or screen's sound: its decoder, and decoded samples that wait for their time.</summary>
/// <remarks>
/// Positions count samples of 48 kHz from the composition's first moment. Packets follow each other without a gap, even where
/// their times are off by a little; when a sender's clock runs apart from ours, packets are stretched or shortened by a few
/// samples until the times agree again, which nobody hears. When they are off by far, the sound is placed anew.
/// </remarks>
internal sealed class SoundTrack : IDisposable
{
    /// <summary>Samples of each channel that can wait: 341 ms.</summary>
    private const int Room = 16_384;

    /// <summary>Off by no more than this is left as it is: 0.5 ms.</summary>
    private const int Unnoticed = 24;

    /// <summary>Off by more than this is placed anew: 60 ms.</summary>
    private const int Apart = 2_880;

    /// <summary>One sample in this many is added or left out while times are off.</summary>
    private const int StretchOneIn = 240;

    /// <summary>How long sound that begins after a pause takes to its full loudness: 2.5 ms.</summary>
    private const int FadeIn = 120;

    /// <summary>How long a gate stays open after what opened it, in samples: 300 ms, longer than the pauses within a sentence's words.</summary>
    private const int GateHold = 14_400;

    /// <summary>How long muting takes: 10 ms.</summary>
    private const float GainStep = 1f / 480;

    private const int MaxMissed = 16;

    private readonly ComposerCounters _counters;
    private readonly OpusVoice _voice = new();
    private readonly float[][] _ring = [new float[Room], new float[Room]];
    private readonly float[] _decoded = new float[OpusVoice.MaxSamples * 2];
    private readonly Queue<(long Position, int Count)> _missed = new(MaxMissed);
    private float _gain;
    private long _openUntil;
    private long _end;
    private bool _hasBegun;

    public SoundTrack(ComposerCounters counters) => _counters = counters;

    /// <summary>Whether it is to be heard. What comes while it is not is not decoded.</summary>
    public bool IsHeard { get; set; }

    /// <summary>By what its samples are multiplied while it is heard, 0 or more; default 1.</summary>
    public float Loudness { get; set; } = 1f;

    /// <summary>The loudness below which it is silent, as a share of the loudest there is: its mean over a packet. 0 (the default): never.</summary>
    public float Gate { get; set; }

    /// <summary>Whether nothing of it can be heard now.</summary>
    public bool IsSilent => _gain == 0 && !IsHeard;

    public void Take(ReadOnlySpan<byte> packet, long position, long mixed)
    {
        if (!IsHeard || position > mixed + Room - OpusVoice.MaxSamples)
        {
            return;
        }

        // Only what lies right before the packet can be in its redundancy; what was lost earlier is made up.
        while (_missed.TryDequeue(out var missed))
        {
            var isNext = _missed.Count == 0 && Math.Abs(missed.Position + missed.Count - position) <= StretchOneIn;
            Fill(missed, isNext ? packet : [], mixed);
        }

        var count = _voice.Decode(packet, _decoded);
        if (count < 0)
        {
            _counters.BadAudioPackets++;
            return;
        }

        if (Gate > 0 && LoudnessOf(_decoded.AsSpan(0, count * 2)) >= Gate)
        {
            _openUntil = position + count + GateHold;
        }

        Write(count, position, mixed);
    }

    private static float LoudnessOf(ReadOnlySpan<float> samples)
    {
        var sum = 0f;
        foreach (var sample in samples)
        {
            sum += sample * sample;
        }

        return samples.IsEmpty ? 0 : MathF.Sqrt(sum / samples.Length);
    }

    public void Miss(long position, int count)
    {
        if (IsHeard && _hasBegun && _missed.Count < MaxMissed && count is > 0 and <= OpusVoice.MaxSamples)
        {
            _missed.Enqueue((position, count));
        }
    }

    /// <summary>Adds what is to be heard from one position on to a mix, and lets go of it.</summary>
    public void MixInto(Span<float> left, Span<float> right, long position)
    {
        while (_missed.TryPeek(out var missed) && missed.Position < position + left.Length)
        {
            Fill(_missed.Dequeue(), [], position);
        }

        var target = IsHeard && (Gate == 0 || position < _openUntil) ? Loudness : 0f;
        var step = GainStep * Math.Max(1f, Math.Max(target, _gain));
        for (var i = 0; i < left.Length; i++)
        {
            var at = (int)((position + i) % Room);
            if (_gain != target)
            {
                _gain = target > _gain ? Math.Min(target, _gain + step) : Math.Max(target, _gain - step);
            }

            left[i] += _ring[0][at] * _gain;
            right[i] += _ring[1][at] * _gain;
            _ring[0][at] = 0;
            _ring[1][at] = 0;
        }

        if (IsSilent)
        {
            Forget();
        }
    }

    public void Dispose() => _voice.Dispose();

    private void Forget()
    {
        if (!_hasBegun)
        {
            return;
        }

        _hasBegun = false;
        _missed.Clear();
        _ring[0].AsSpan().Clear();
        _ring[1].AsSpan().Clear();
    }

    private void Fill((long Position, int Count) missed, ReadOnlySpan<byte> next, long mixed)
    {
        var isRestored = OpusVoice.HasRedundancy(next);
        var count = isRestored ? _voice.DecodeBefore(next, missed.Count, _decoded) : _voice.Conceal(missed.Count, _decoded);
        if (count < 0)
        {
            _counters.BadAudioPackets++;
            return;
        }

        _counters.RestoredAudioPackets += isRestored ? 1 : 0;
        _counters.ConcealedAudioPackets += isRestored ? 0 : 1;
        Write(count, missed.Position, mixed);
    }

    /// <summary>Puts decoded samples where they belong.</summary>
    private void Write(int count, long position, long mixed)
    {
        var off = position - _end;
        var isNew = !_hasBegun || _end < mixed || Math.Abs(off) > Apart;
        var start = isNew ? position : _end;
        var most = count / StretchOneIn;
        var length = isNew || Math.Abs(off) <= Unnoticed ? count : count + (int)Math.Clamp(off, -most, most);
        var fade = isNew ? FadeIn : 0;
        for (var i = 0; i < length; i++)
        {
            var to = start + i;
            if (to < mixed || to >= mixed + Room)
            {
                continue; // Too late, or more than there is room for.
            }

            var at = (int)(to % Room);
            var gain = i < fade ? (float)i / fade : 1f;
            if (length == count)
            {
                _ring[0][at] = _decoded[i * 2] * gain;
                _ring[1][at] = _decoded[(i * 2) + 1] * gain;
                continue;
            }

            var from = (double)i * (count - 1) / (length - 1);
            var (whole, part) = ((int)from, (float)(from - (int)from));
            var after = Math.Min(whole + 1, count - 1);
            _ring[0][at] = _decoded[whole * 2] + ((_decoded[after * 2] - _decoded[whole * 2]) * part);
            _ring[1][at] = _decoded[(whole * 2) + 1] + ((_decoded[(after * 2) + 1] - _decoded[(whole * 2) + 1]) * part);
        }

        _hasBegun = true;
        _end = start + length;
    }
}
