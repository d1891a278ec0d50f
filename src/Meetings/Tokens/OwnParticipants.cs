using System.Collections.Concurrent;
using Roomcast.Accounts;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.Tokens;

/// <summary>Participants that are programs of the server's own and join by the web client: in no database, and gone with the server. Thread-safe.</summary>
public sealed class OwnParticipants
{
    private static readonly PresetContent Content = new()
    {
        Config = new PresetConfig { ViewType = ViewType.GroupCall },

        // It sees and hears what everybody does, and does nothing: what runs in its page may be anybody's.
        Permissions = new PresetPermissions
        {
            HiddenParticipant = true,
            IsRecorder = true,
            RecorderType = RecorderType.Recorder,
            ShowParticipantList = true,
            TranscriptionEnabled = true,
            Polls = new PollPermissions { CanView = true },
        },
    };

    private readonly ConcurrentDictionary<ParticipantId, (Participant Participant, Preset Preset)> _all = new();

    /// <summary>The preset of one of them; null when it is none of them, or no longer.</summary>
    public Preset? FindPreset(ParticipantId id) => _all.TryGetValue(id, out var found) ? found.Preset : null;

    /// <summary>One of them; null when it is none of them.</summary>
    internal Participant? Find(AppId appId, MeetingId meetingId, ParticipantId id) =>
        _all.TryGetValue(id, out var found) && (found.Participant.AppId, found.Participant.MeetingId) == (appId, meetingId) ? found.Participant : null;

    internal Participant Add(AppId appId, MeetingId meetingId, ParticipantId id, string name, DateTimeOffset now)
    {
        var preset = new Preset
        {
            Id = new PresetId(id.Value), AppId = appId, Name = name, Content = Content, CreatedAt = now, UpdatedAt = now,
        };
        var participant = new Participant
        {
            Id = id,
            AppId = appId,
            MeetingId = meetingId,
            CustomId = id.ToString(),
            Name = name,
            PresetId = preset.Id,
            PresetName = name,
            IsOwn = true,
            TokenGeneration = 0,
            CreatedAt = now,
            UpdatedAt = now,
        };
        _all[id] = (participant, preset);
        return participant;
    }

    internal void Remove(ParticipantId id) => _all.TryRemove(id, out _);
}
