using Roomcast.Egress.Composition;
using Roomcast.Egress.Worker.Composing;

namespace Roomcast.Egress.Worker.Sound;

/// <summary>Mixes the sound of a scene, limits and encodes it. Where nobody is heard there is silence, never a gap.</summary>
internal sealed class SoundComposer : IDisposable
{
    /// <summary>Samples that are mixed at once, at most.</summary>
    private const int MaxStep = 4_096;

    /// <summary>
    /// By how much what a decoder puts out is later than what the sender's microphone gave for the packet's time: the
    /// look-ahead of Opus encoders, 6.5 ms (libopus, and so every browser). Positions count decoded samples, and times are told without it.
    /// </summary>
    private const int OpusDelay = 312;

    /// <summary>Gains of a scene: this or less is silence.</summary>
    private const double LeastGainDb = -50;
    private const double MostGainDb = 50;

    private const int Ahead = Limiter.Block * Limiter.BlocksAhead;

    private readonly CompositionFormat _format;
    private readonly IComposerOutput _output;
    private readonly ComposerCounters _counters;
    private readonly Limiter _limiter = new();
    private readonly Dictionary<uint, SoundTrack> _tracks = [];
    private readonly List<SoundTrack> _leaving = [];
    private readonly float[] _left = new float[(MaxStep * 2) + Ahead + SoundEncoder.FrameSamples];
    private readonly float[] _right = new float[(MaxStep * 2) + Ahead + SoundEncoder.FrameSamples];
    private SoundEncoder? _encoder;
    private long _mixed;
    private int _filled;
    private int _limited;

    public SoundComposer(CompositionFormat format, IComposerOutput output, ComposerCounters counters)
    {
        _format = format;
        _output = output;
        _counters = counters;
    }

    public void SetScene(Scene scene)
    {
        var wanted = scene.Peers.SelectMany(static peer => new[] { peer.Microphone, peer.ScreenSound })
            .OfType<SceneTrack>().Where(static track => track.Codec == SceneCodec.Opus).ToList();
        foreach (var gone in _tracks.Keys.Where(ssrc => !wanted.Exists(track => track.Ssrc == ssrc)).ToList())
        {
            _tracks[gone].IsHeard = false;
            _leaving.Add(_tracks[gone]);
            _tracks.Remove(gone);
        }

        foreach (var source in wanted)
        {
            if (!_tracks.TryGetValue(source.Ssrc, out var track))
            {
                track = new SoundTrack(_counters);
                _tracks.Add(source.Ssrc, track);
            }

            track.IsHeard = !source.IsPaused;
            track.Loudness = source.GainDb <= LeastGainDb ? 0f : (float)Math.Pow(10, Math.Min(source.GainDb, MostGainDb) / 20);
            track.Gate = source.GateDb is { } gateDb ? (float)Math.Pow(10, Math.Min(gateDb, 0) / 20) : 0f;
        }
    }

    public void Take(uint ssrc, ReadOnlySpan<byte> packet, TimeSpan at)
    {
        if (_tracks.TryGetValue(ssrc, out var track))
        {
            track.Take(packet, PositionOf(at), _mixed);
        }
    }

    public void Miss(uint ssrc, TimeSpan at, TimeSpan duration)
    {
        if (_tracks.TryGetValue(ssrc, out var track))
        {
            track.Miss(PositionOf(at), (int)Math.Clamp(PositionOf(duration), 0, int.MaxValue));
        }
    }

    /// <summary>Mixes and encodes up to a time; the first call only says where the sound begins.</summary>
    public void ComposeUntil(TimeSpan until)
    {
        var end = PositionOf(until);
        if (_encoder is null)
        {
            _mixed = end + OpusDelay;
            _encoder = new SoundEncoder(_format.AudioBitrateBps, end, _output);
        }

        while (_mixed < end)
        {
            Mix((int)Math.Min(MaxStep, end - _mixed));
            Limit();
            Encode(_encoder);
        }
    }

    public void Dispose()
    {
        foreach (var track in _tracks.Values.Concat(_leaving))
        {
            track.Dispose();
        }

        _encoder?.Dispose();
    }

    /// <summary>The sample nearest to a time: 48,000 to 10,000,000 ticks is 3 to 625.</summary>
    private static long PositionOf(TimeSpan time) => (long)Math.Floor(((time.Ticks * 3) + 312) / 625.0);

    private void Mix(int count)
    {
        var left = _left.AsSpan(_filled, count);
        var right = _right.AsSpan(_filled, count);
        left.Clear();
        right.Clear();
        foreach (var track in _tracks.Values)
        {
            track.MixInto(left, right, _mixed);
        }

        for (var index = _leaving.Count - 1; index >= 0; index--)
        {
            _leaving[index].MixInto(left, right, _mixed);
            if (_leaving[index].IsSilent)
            {
                _leaving[index].Dispose();
                _leaving.RemoveAt(index);
            }
        }

        _filled += count;
        _mixed += count;
    }

    private void Limit()
    {
        while (_limited + Limiter.Block + Ahead <= _filled)
        {
            _limiter.Apply(_left.AsSpan(_limited, Limiter.Block + Ahead), _right.AsSpan(_limited, Limiter.Block + Ahead));
            _limited += Limiter.Block;
        }
    }

    private void Encode(SoundEncoder encoder)
    {
        while (_limited >= SoundEncoder.FrameSamples)
        {
            _counters.SoundFrames += encoder.Encode(_left, _right);
            _left.AsSpan(SoundEncoder.FrameSamples, _filled - SoundEncoder.FrameSamples).CopyTo(_left);
            _right.AsSpan(SoundEncoder.FrameSamples, _filled - SoundEncoder.FrameSamples).CopyTo(_right);
            _filled -= SoundEncoder.FrameSamples;
            _limited -= SoundEncoder.FrameSamples;
        }
    }
}
