using System.Collections.Immutable;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Sessions.Following;

/// <summary>Who is on stage in a session, and what they send, at one moment. Hidden peers and recorders are not on it.</summary>
/// <param name="MeetingId">The meeting.</param>
/// <param name="SessionId">The session.</param>
/// <param name="Peers">In the order they joined.</param>
/// <param name="SpeakerId">The peer who speaks, or spoke last; null before anybody did.</param>
/// <param name="PinnedId">The peer that a host pinned for everybody; null when none is.</param>
public sealed record StageView(
    MeetingId MeetingId, SessionId SessionId, ImmutableArray<StagePeer> Peers, string? SpeakerId, string? PinnedId)
{
    /// <summary>Whether both show the same.</summary>
    public bool Equals(StageView? other) =>
        other is not null
        && SessionId == other.SessionId
        && SpeakerId == other.SpeakerId
        && PinnedId == other.PinnedId
        && Peers.AsSpan().SequenceEqual(other.Peers.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(SessionId, SpeakerId, PinnedId, Peers.Length);
}

/// <summary>Somebody on stage.</summary>
/// <param name="PeerId">The presence.</param>
/// <param name="Name">The name it goes by here.</param>
/// <param name="Picture">Address of its picture; may be empty.</param>
/// <param name="Producers">What it sends, by id, paused tracks included.</param>
public sealed record StagePeer(string PeerId, string Name, string Picture, ImmutableArray<MediaProducer> Producers)
{
    /// <summary>Whether both are the same.</summary>
    public bool Equals(StagePeer? other) =>
        other is not null
        && PeerId == other.PeerId
        && Name == other.Name
        && Picture == other.Picture
        && Producers.AsSpan().SequenceEqual(other.Producers.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(PeerId, Name, Producers.Length);
}
