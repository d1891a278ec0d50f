using System.Collections.Immutable;
using Roomcast.Media;
using Roomcast.Rtc.Clients;

namespace Roomcast.Client.Media;

/// <summary>A track of another participant that is received.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class RemoteTrack
{
    private readonly Action<Exception> _onFault;
    private ImmutableArray<IFrameSink> _sinks = [];
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

    /// <summary>Hands all frames from now on to a sink, too. Pictures may begin with one that is no keyframe; recorders wait for one.</summary>
    /// <remarks>A sink that throws is given nothing more; what it threw is told by <see cref="RealtimeKitClient.HandlerFailed"/>.</remarks>
    public void AddSink(IFrameSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        ImmutableInterlocked.Update(ref _sinks, static (sinks, added) => sinks.Contains(added) ? sinks : sinks.Add(added), sink);
    }

    /// <summary>Hands no frames to a sink any more, and says so to it.</summary>
    public void RemoveSink(IFrameSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        if (ImmutableInterlocked.Update(ref _sinks, static (sinks, removed) => sinks.Remove(removed), sink))
        {
            sink.OnEnded();
        }
    }

    internal void Take(ReceivedMediaFrame frame)
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
        };
        foreach (var sink in _sinks)
        {
            try
            {
                sink.OnFrame(encoded);
            }
            catch (Exception fault)
            {
                // The application's: neither the other sinks nor the transport, whose thread this is, may suffer for it.
                if (ImmutableInterlocked.Update(ref _sinks, static (sinks, failed) => sinks.Remove(failed), sink))
                {
                    _onFault(fault);
                    End(sink);
                }
            }
        }
    }

    internal void End()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            foreach (var sink in ImmutableInterlocked.InterlockedExchange(ref _sinks, []))
            {
                End(sink);
            }
        }
    }

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
}
