using System.Collections;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Roomcast.Client.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>Participants by their ids, as they are now. Reads do not block, and a walk sees one moment.</summary>
/// <remarks>Thread-safe.</remarks>
[SuppressMessage("Naming", "CA1710", Justification = "It is the map of the official object.")]
public sealed class ParticipantMap : IReadOnlyCollection<Participant>
{
    private readonly MeetingLink _link;
    private ImmutableDictionary<string, Participant> _members = ImmutableDictionary<string, Participant>.Empty;

    internal ParticipantMap(MeetingLink link) => _link = link;

    /// <summary>Somebody came; they are in the map already.</summary>
    public event Action<Participant>? ParticipantJoined;

    /// <summary>Somebody went; they are no longer in the map.</summary>
    public event Action<Participant>? ParticipantLeft;

    /// <summary>How many there are.</summary>
    public int Count => _members.Count;

    /// <summary>The one with an id; null when they are not there.</summary>
    public Participant? Get(string id) => _members.GetValueOrDefault(id);

    /// <summary>Whether somebody is there.</summary>
    public bool TryGet(string id, [NotNullWhen(true)] out Participant? participant) => _members.TryGetValue(id, out participant);

    /// <summary>All of them, in no order.</summary>
    public Participant[] ToArray() => [.. _members.Values];

    /// <inheritdoc/>
    public IEnumerator<Participant> GetEnumerator() => _members.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Add(Participant participant)
    {
        var isNew = false;
        ImmutableInterlocked.Update(ref _members, members =>
        {
            isNew = !members.ContainsKey(participant.Id);
            return members.SetItem(participant.Id, participant);
        });
        if (isNew)
        {
            _link.Raise(this, participant.Id, () => ParticipantJoined.CallEach(participant));
        }
    }

    internal void Remove(string id)
    {
        if (ImmutableInterlocked.TryRemove(ref _members, id, out var participant))
        {
            _link.Raise(this, id, () => ParticipantLeft.CallEach(participant));
        }
    }

    /// <summary>Takes out whoever is not named.</summary>
    internal void Keep(IReadOnlySet<string> ids)
    {
        foreach (var id in _members.Keys.Where(id => !ids.Contains(id)))
        {
            Remove(id);
        }
    }
}
