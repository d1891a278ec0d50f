using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Recording;

/// <summary>What recording must know of sessions. Thread-safe; no call blocks.</summary>
public interface IRecordedSessions
{
    /// <summary>The session under way in a meeting; null when nobody is in it.</summary>
    Guid? Find(Guid meetingId);

    /// <summary>Tells of those who are in a session: at once, and whenever it changes, until disposed of.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="changed">Called with what holds then; must not block. Of a session that is not there or over, it tells just that.</param>
    IDisposable Watch(Guid sessionId, Action<SessionPresence> changed);

    /// <summary>Whose a peer is; null when the session knows no such peer, or is over.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="peerId">As <see cref="ScenePeer.Id"/> has it.</param>
    RecordedPeer? FindPeer(Guid sessionId, string peerId);

    /// <summary>Tells of what applications send to everybody in a session, until disposed of. Of a session that is over there is nothing to tell.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="heard">Called with each message; must not block.</param>
    IDisposable Hear(Guid sessionId, Action<RecordedMessage> heard);

    /// <summary>
    /// Lays a picture over the session's composition for a recording, or takes it away; all outputs of the composition show it. Of
    /// several recordings the picture of the newest is shown.
    /// </summary>
    void ShowWatermark(Guid sessionId, RecordingId recordingId, SceneWatermark? watermark);
}

/// <summary>Who is in a session.</summary>
/// <param name="PeerCount">How many.</param>
/// <param name="HasEnded">Whether the session is over.</param>
public readonly record struct SessionPresence(int PeerCount, bool HasEnded);

/// <summary>Whose a peer is.</summary>
/// <param name="ParticipantId">The participant's id.</param>
/// <param name="CustomId">The customer's own name for the participant.</param>
public sealed record RecordedPeer(string ParticipantId, string CustomId);

/// <summary>A message of an application.</summary>
/// <param name="Type">Its kind, chosen by the application.</param>
/// <param name="Payload">Its content, mostly JSON; it does not change.</param>
public readonly record struct RecordedMessage(string Type, ReadOnlyMemory<byte> Payload);

/// <summary>Told of every recording that came to another state, in order for each. Thread-safe; must not block or throw.</summary>
public interface IRecordingListener
{
    /// <summary>A recording was made, or came to another state.</summary>
    void Changed(RecordingRecord recording);
}

/// <summary>Where no meeting takes place.</summary>
internal sealed class NoRecordedSessions : IRecordedSessions
{
    public Guid? Find(Guid meetingId) => null;

    public IDisposable Watch(Guid sessionId, Action<SessionPresence> changed)
    {
        changed(new SessionPresence(0, HasEnded: true));
        return new Nothing();
    }

    public RecordedPeer? FindPeer(Guid sessionId, string peerId) => null;

    public IDisposable Hear(Guid sessionId, Action<RecordedMessage> heard) => new Nothing();

    public void ShowWatermark(Guid sessionId, RecordingId recordingId, SceneWatermark? watermark)
    {
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
        }
    }
}
