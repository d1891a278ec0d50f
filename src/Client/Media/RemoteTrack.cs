using System.Collections.Immutable;
using Roomcast.Media;
using Roomcast.Rtc.Clients;

namespace Roomcast.Client.Media;

/// <summary>A track of another participant that is received.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class RemoteTrack
{
    private readonly Action<Exception> _onFault;
    private ImmutableArray<Taker> _takers = [];
    private long _frames;
    private int _isOver;

    /// <param name="id">Its id.</param>
    /// <param name="peerId">Who sends it.</param>
    /// <param name="kind">Sound or picture.</param>
    /// <param name="isScreenShare">Whether it belongs to a shared screen.</param>
    /// <param name="onFault">Takes what a sink throws.</param>
    internal RemoteTrack(string id, string peerId, TrackKind kind, bool isScreenShare, Action<Exception> onFault)
    {
        _onFault = onFault;
        Id = id;
        PeerId = peerId;
        Kind = kind;
        IsScreenShare = isScreenShare;
    }

    /// <summary>Its id.</summary>
    public string Id { get; }

    /// <summary>The participant's presence that sends it.</summary>
    public string PeerId { get; }

    /// <summary>Sound or picture.</summary>
    public TrackKind Kind { get; }

    /// <summary>Whether it belongs to a shared screen.</summary>
    public bool IsScreenShare { get; }

    /// <summary>Frames received.</summary>
    public long Frames => Interlocked.Read(ref _frames);

    /// <summary>Whether it has ended.</summary>
    public bool IsEnded => Volatile.Read(ref _isOver) != 0;

    internal string Mid { get; set; } = "";

    /// <summary>Hands all frames from now on to a sink, too. Pictures begin with a keyframe, which is asked for if none comes by itself.</summary>
    /// <remarks>A sink that throws is given nothing more; what it threw is told by <see cref="RealtimeKitClient.HandlerFailed"/>.</remarks>
    public void AddSink(IFrameSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        ImmutableInterlocked.Update(
            ref _takers, static (takers, added) => takers.Any(taker => taker.Sink == added.Sink) ? takers : takers.Add(added), new Taker(sink));
    }

    /// <summary>Hands no frames to a sink any more, and says so to it.</summary>
    public void RemoveSink(IFrameSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        if (TakeOut(sink))
        {
            sink.OnEnded();
        }
    }

    /// <summary>Hands a frame to the sinks.</summary>
    /// <returns>Whether one of them cannot go on without a keyframe.</returns>
    internal bool Take(ReceivedMediaFrame frame)
    {
        Interlocked.Increment(ref _frames);
        var encoded = new EncodedFrame
        {
            Kind = frame.Kind,
            Time = frame.Time,
            Duration = frame.Duration,
            Data = frame.Data,
            IsKeyframe = frame.IsKeyframe,
            Width = frame.Width,
            Height = frame.Height,
            RotationDegrees = frame.RotationDegrees,
        };
        var isKeyframeNeeded = false;
        foreach (var taker in _takers)
        {
            try
            {
                if (!taker.HasBegun && !frame.IsKeyframe)
                {
                    isKeyframeNeeded = true;
                    continue;
                }

                taker.HasBegun = true;
                taker.Sink.OnFrame(encoded);
                isKeyframeNeeded |= taker.Sink.NeedsKeyframe;
            }
            catch (Exception fault)
            {
                // The application's: neither the other sinks nor the transport, whose thread this is, may suffer for it.
                if (TakeOut(taker.Sink))
                {
                    _onFault(fault);
                    End(taker.Sink);
                }
            }
        }

        return isKeyframeNeeded;
    }

    internal void End()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            foreach (var taker in ImmutableInterlocked.InterlockedExchange(ref _takers, []))
            {
                End(taker.Sink);
            }
        }
    }

    private bool TakeOut(IFrameSink sink) =>
        ImmutableInterlocked.Update(ref _takers, static (takers, removed) => takers.RemoveAll(taker => taker.Sink == removed), sink);

    private void End(IFrameSink sink)
    {
        try
        {
            sink.OnEnded();
        }
        catch (Exception fault)
        {
            _onFault(fault);
        }
    }

    /// <summary>A sink, and whether it has been given a frame that decoding can start with; that is the transport's thread's alone.</summary>
    private sealed class Taker(IFrameSink sink)
    {
        public IFrameSink Sink { get; } = sink;

        public bool HasBegun { get; set; }
    }
}
