using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Feeds;

namespace Roomcast.Server.Live;

/// <summary>Pushes what is recorded to an RTMP(S) address, as an output of a livestream would.</summary>
internal sealed class RecordingPushes(PushJobs jobs, ILogger<RecordingPushes> logger) : IRecordingPushes
{
    public IAsyncDisposable Start(RecordingId recordingId, Feed feed, string address)
    {
        if (PushAddress.TryParse(address, streamKey: null, out var target, out var fault) && jobs.MayPushTo(target))
        {
            return jobs.Start($"recording {recordingId}", feed, target);
        }

        LiveLog.PushRefused(logger, recordingId.ToString(), fault.ToString());
        return new Nothing();
    }

    private sealed class Nothing : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
