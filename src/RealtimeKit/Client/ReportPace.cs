using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Client;

/// <summary>How often the clients of one participant may report of themselves: some at once, then one a second. Thread-safe.</summary>
internal sealed class ReportPace(TimeProvider time)
{
    /// <summary>Reports that may come at once.</summary>
    public const int AtOnce = 30;

    private readonly ParticipantPace _pace = new(time, AtOnce, TimeSpan.FromSeconds(1));

    /// <summary>Counts one report. False when it is one too many; then nothing was counted.</summary>
    public bool TryTake(ParticipantId participantId) => _pace.Take(participantId) is null;
}
