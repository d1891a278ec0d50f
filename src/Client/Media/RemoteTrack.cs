using System.Collections.Immutable;
using Roomcast.Media;
using Roomcast.Rtc.Clients;

namespace Roomcast.Client.Media;

/// <summary>A track of another participant that is received.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class RemoteTrack
{
    private ImmutableArray<IFrameSink> _sinks = [];
    private long _frames;
    private int _isOver;

    internal RemoteTrack(string id, string peerId, TrackKind kind, bool isScreenShare)
    {
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
            sink.OnFrame(encoded);
        }
    }

    internal void End()
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            foreach (var sink in ImmutableInterlocked.InterlockedExchange(ref _sinks, []))
            {
                sink.OnEnded();
            }
        }
    }
}
