using System.Diagnostics.Metrics;

namespace Roomcast.Egress.Recording;

/// <summary>What recordings come to, for <c>/metrics</c> and OTLP.</summary>
internal sealed class RecordingMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _droppedMessages;
    private readonly Counter<long> _uploadRetries;
    private readonly UpDownCounter<int> _converting;
    private readonly Counter<long> _converted;
    private Func<(int Active, int Uploading)> _count = () => default;

    public RecordingMetrics(IMeterFactory meters)
    {
        _meter = meters.Create("Roomcast.Egress.Recording");
        _meter.CreateObservableGauge("roomcast.recordings.active", () => _count().Active, "{recording}", "Recordings asked for, recording or paused.");
        _meter.CreateObservableGauge("roomcast.recordings.uploading", () => _count().Uploading, "{recording}", "Recordings whose files are being made and stored.");
        _ended = _meter.CreateCounter<long>("roomcast.recordings.ended", "{recording}", "Recordings that came to their end; tag status.");
        _bytes = _meter.CreateCounter<long>("roomcast.recordings.written", "By", "Bytes of media written to the disk.");
        _dropped = _meter.CreateCounter<long>("roomcast.recordings.dropped", "{frame}", "Frames lost because they could not be written as fast as they came.");
        _droppedMessages = _meter.CreateCounter<long>("roomcast.recordings.dropped_messages", "{message}", "Messages of sessions left out of recordings because they were too many.");
        _uploadRetries = _meter.CreateCounter<long>("roomcast.recordings.upload_retries", "{retry}", "Uploads that failed and are tried again.");
        _converting = _meter.CreateUpDownCounter<int>("roomcast.recordings.converting", "{recording}", "Recordings that are encoded anew, as VP8, VP9, MP3 or mono.");
        _converted = _meter.CreateCounter<long>("roomcast.recordings.converted", "{recording}", "Recordings that were encoded anew; tag result, done or failed.");
    }

    /// <summary>Says how recordings are counted.</summary>
    public void Observe(Func<(int Active, int Uploading)> count) => _count = count;

    public void Ended(RecordingStatus status) => _ended.Add(1, new KeyValuePair<string, object?>("status", RecordingRow.Write(status)));

    public void Wrote(long bytes) => _bytes.Add(bytes);

    public void Dropped(long frames) => _dropped.Add(frames);

    public void DroppedMessages(long messages) => _droppedMessages.Add(messages);

    public void RetriedUpload() => _uploadRetries.Add(1);

    public void Converting(int change) => _converting.Add(change);

    public void Converted(bool isDone) => _converted.Add(1, new KeyValuePair<string, object?>("result", isDone ? "done" : "failed"));

    public void Dispose() => _meter.Dispose();
}
