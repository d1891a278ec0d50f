using Microsoft.Extensions.Options;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.Records;

namespace Roomcast.RealtimeKit.Client;

/// <summary>How many files one participant may send in a chat: an hour's worth at once, and over each hour as many again. Thread-safe.</summary>
internal sealed class UploadPace(IOptions<ChatFileOptions> options, TimeProvider time)
{
    private readonly ParticipantPace _pace = new(time, options.Value.UploadsPerHour, TimeSpan.FromHours(1) / options.Value.UploadsPerHour);

    /// <summary>Counts one file.</summary>
    /// <returns>Null when it is allowed; otherwise how long to wait, and nothing was counted.</returns>
    public TimeSpan? Take(ParticipantId participantId) => _pace.Take(participantId);
}
