using System.Collections.Immutable;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.Meetings.Tokens;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Which meetings are connected: a parent and those made from it. Known while the server runs. Thread-safe.</summary>
internal sealed class MeetingFamilies(
    MeetingStore meetings, ParticipantStore participants, PresetStore presets, ParticipantAdmission tokens)
{
    private ImmutableDictionary<MeetingId, MeetingFamily> _families = ImmutableDictionary<MeetingId, MeetingFamily>.Empty;

    /// <summary>Finds the session of a meeting, if somebody is connected to it.</summary>
    public Func<MeetingId, MeetingSession?> FindSession { get; set; } = _ => null;

    /// <summary>The family a meeting belongs to; one of its own when it is connected to none.</summary>
    public MeetingFamily Of(Meeting meeting) => Volatile.Read(ref _families).GetValueOrDefault(meeting.Id)
        ?? new MeetingFamily(meeting.Id, new ConnectedMeeting(meeting.Id.ToString(), meeting.Title), []);

    /// <summary>Makes meetings next to one.</summary>
    public async Task<IReadOnlyList<ConnectedMeeting>> CreateAsync(Meeting beside, IReadOnlyList<string> titles)
    {
        var made = new List<ConnectedMeeting>();
        foreach (var title in titles)
        {
            var meeting = await meetings.CreateAsync(beside.AppId, title, beside.Settings, CancellationToken.None);
            made.Add(new ConnectedMeeting(meeting.Id.ToString(), meeting.Title));
        }

        Change(Of(beside), family => family with { Children = family.Children.AddRange(made) });
        return made;
    }

    /// <summary>Lets meetings be connected no longer, and be joined no longer.</summary>
    public async Task<IReadOnlyList<ConnectedMeeting>> DeleteAsync(Meeting beside, IReadOnlyCollection<string> ids)
    {
        var gone = Of(beside).Children.Where(child => ids.Contains(child.Id)).ToArray();
        foreach (var child in gone)
        {
            _ = MeetingId.TryParse(child.Id, out var id);
            await meetings.UpdateAsync(
                beside.AppId, id, meeting => meeting with { Status = MeetingStatus.Inactive }, CancellationToken.None);
        }

        Change(Of(beside), family => family with { Children = family.Children.RemoveRange(gone) });
        return gone;
    }

    /// <summary>Makes somebody a participant of another meeting as well.</summary>
    /// <returns>The token to join it with; null when the preset is not there.</returns>
    public async Task<string?> InviteAsync(Participant participant, MeetingId destination, string? presetId)
    {
        var preset = participant.PresetId;
        if (!string.IsNullOrEmpty(presetId) && !PresetId.TryParse(presetId, out preset))
        {
            return null;
        }

        // The preset may have been deleted since it was given to the participant; then the new one cannot have it.
        if (await presets.FindAsync(participant.AppId, preset, CancellationToken.None) is null)
        {
            return null;
        }

        return await participants.AddAsync(
            participant.AppId, destination, participant.CustomId, preset, participant.Name, participant.Picture, CancellationToken.None) is { } there
            ? tokens.Issue(there)
            : null;
    }

    /// <summary>The participants of a meeting, oldest first.</summary>
    public async Task<IReadOnlyList<Participant>> ListParticipantsAsync(Meeting meeting) =>
        (await participants.ListAsync(
            meeting.AppId, meeting.Id, new Storage.PageRequest(1, 100), Storage.SortOrder.Ascending, CancellationToken.None)).Items;

    private void Change(MeetingFamily present, Func<MeetingFamily, MeetingFamily> change) =>
        ImmutableInterlocked.Update(ref _families, families =>
        {
            var old = families.GetValueOrDefault(present.ParentId) ?? present;
            if (change(old) is var changed && changed.Children.Count > SessionLimits.MaxConnectedMeetings)
            {
                throw new SessionException(SessionFault.TooMany, $"at most {SessionLimits.MaxConnectedMeetings} connected meetings");
            }

            families = families.RemoveRange(old.Children.Select(IdOf));
            families = changed.Children.Count == 0
                ? families.Remove(changed.ParentId)
                : families.SetItem(changed.ParentId, changed);
            return families.SetItems(changed.Children.Select(child => KeyValuePair.Create(IdOf(child), changed)));
        });

    private static MeetingId IdOf(ConnectedMeeting meeting) => new(Guid.ParseExact(meeting.Id, "D"));
}

/// <summary>A parent meeting and those made from it.</summary>
internal sealed record MeetingFamily(MeetingId ParentId, ConnectedMeeting Parent, ImmutableList<ConnectedMeeting> Children)
{
    public IEnumerable<ConnectedMeeting> All => Children.Prepend(Parent);
}
