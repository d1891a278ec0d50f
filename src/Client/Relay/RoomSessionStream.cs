using System.Text.Json;

namespace Roomcast.Client.Relay;

/// <summary>Where a stream stands.</summary>
public enum RoomSessionStreamState
{
    /// <summary>Its target takes what is sent.</summary>
    Streaming,

    /// <summary>It is over.</summary>
    Completed,
}

/// <summary>Sound and picture of a room session on their way to an RTMP server: one run.</summary>
public sealed class RoomSessionStream : RoomSessionAction
{
    private readonly Milestone<RoomSessionStream> _started;
    private readonly Milestone<RoomSessionStream> _ended;
    private volatile string _url = "";

    internal RoomSessionStream(RoomSession session, string id)
        : base(session, ActionKind.Stream, id)
    {
        _started = new(session.Raise);
        _ended = new(session.Raise);
    }

    /// <summary>It has begun: the target takes what is sent. Who asks later is told at once.</summary>
    public event Action<RoomSessionStream>? Started
    {
        add => _started.Add(value);
        remove => _started.Remove(value);
    }

    /// <summary>It is over. Who asks later is told at once.</summary>
    public event Action<RoomSessionStream>? Ended
    {
        add => _ended.Add(value);
        remove => _ended.Remove(value);
    }

    /// <summary>Where it stands.</summary>
    public RoomSessionStreamState State => HasEnded ? RoomSessionStreamState.Completed : RoomSessionStreamState.Streaming;

    /// <summary>The address it is sent to, which holds the target's stream key; covered for tokens that may only read.</summary>
    public string Url => _url;

    /// <summary>Says which, and not with what key.</summary>
    public override string ToString() => $"stream {Id}";

    internal override void TellStarted() => _started.Reach(this);

    internal override void TellEnded() => _ended.Reach(this);

    private protected override void Take(JsonElement said) => _url = said.Text("url") ?? _url;
}
