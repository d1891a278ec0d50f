using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Meetings.Records;
using Roomcast.Server.Live;
using Roomcast.Storage;

namespace Roomcast.Server.Tests.Live;

public sealed class RecordOnStartTests
{
    [Fact]
    public async Task The_first_join_begins_a_recording_and_a_restart_does_not()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync(new MeetingSettings
        {
            RecordsOnStart = true,
            RecordingConfig = """{"file_name_prefix":"weekly","max_seconds":600}""",
        });
        var observer = host.Recording.Service<RecordOnStart>();
        observer.Began(meeting, session, host.Clock.GetUtcNow());
        var first = await FindActiveAsync(host, meeting);
        Assert.Equal((RecordingStartReason.OnStart, null, session.Value), (first.StartReason, first.Starter, first.SessionId));
        Assert.Equal((RecordingKind.Composite, TimeSpan.FromSeconds(600)), (first.Kind, first.Plan.MaxLength));
        Assert.StartsWith("weekly_", first.OutputFileName, StringComparison.Ordinal);

        // A host stops it, and the server starts anew; then another session begins.
        await host.Recording.Recordings.StopAsync(first.AppId, first.Id, null, CancellationToken.None);
        observer.Continued(meeting, session, host.Clock.GetUtcNow());
        await host.Recording.WaitForAsync(first, RecordingStatus.Errored);
        observer.Began(meeting, session, host.Clock.GetUtcNow());
        await FindActiveAsync(host, meeting);
        Assert.Equal(2, (await ListAsync(host)).TotalCount);
    }

    [Fact]
    public async Task A_meeting_that_is_not_to_be_recorded_is_not()
    {
        await using var host = await LiveHost.StartAsync();
        var (quiet, quietSession) = await host.MeetAsync();
        var (meeting, session) = await host.MeetAsync(new MeetingSettings { RecordsOnStart = true });
        var observer = host.Recording.Service<RecordOnStart>();
        observer.Began(quiet, quietSession, host.Clock.GetUtcNow());
        observer.Began(meeting, session, host.Clock.GetUtcNow());
        await FindActiveAsync(host, meeting);
        Assert.Equal(1, (await ListAsync(host)).TotalCount);
    }

    [Fact]
    public async Task One_that_cannot_begin_just_then_is_tried_again_and_not_for_ever()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync(new MeetingSettings { RecordsOnStart = true });
        var observer = host.Recording.Service<RecordOnStart>();
        host.Recording.Compositions.Refusal = new CompositionException(CompositionRefusal.Overloaded, "The machine is busy.");
        observer.Began(meeting, session, host.Clock.GetUtcNow());
        await host.PassUntilAsync(() => Task.FromResult(Refusals() == 2));
        host.Recording.Compositions.Refusal = null;
        await FindActiveAsync(host, meeting);

        var (busy, busySession) = await host.MeetAsync(new MeetingSettings { RecordsOnStart = true });
        host.Recording.Compositions.Refusal = new CompositionException(CompositionRefusal.Overloaded, "The machine is busy.");
        observer.Began(busy, busySession, host.Clock.GetUtcNow());
        await host.PassUntilAsync(() => Task.FromResult(Refusals() == 8));
        host.Recording.Compositions.Refusal = null;
        for (var i = 0; i < 100; i++)
        {
            host.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(2);
        }

        // That the second was not recorded is kept, with the reason.
        var all = await ListAsync(host);
        Assert.Equal(2, all.TotalCount);
        var failed = Assert.Single(all.Items, recording => recording.SessionId == busySession.Value);
        Assert.Equal((RecordingStatus.Errored, "The machine is busy."), (failed.Status, failed.ErrorMessage));

        int Refusals() => host.Recording.Log.Count(line => line.Contains(" 4068 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_cannot_be_stored_just_then_is_tried_again()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync(new MeetingSettings { RecordsOnStart = true });
        await host.TakeRowsAsync("recordings", isTaken: false);
        host.Recording.Service<RecordOnStart>().Began(meeting, session, host.Clock.GetUtcNow());
        await host.PassUntilAsync(() => Task.FromResult(host.Recording.Log.Any(line => line.Contains(" 4068 ", StringComparison.Ordinal))));
        Assert.Equal(0, host.Recording.Compositions.LeaseCount);
        await host.TakeRowsAsync("recordings", isTaken: true);
        await FindActiveAsync(host, meeting);
        Assert.Equal(1, (await ListAsync(host)).TotalCount);
    }

    [Fact]
    public async Task What_this_server_cannot_record_is_a_recording_that_has_failed_and_says_why()
    {
        await using var host = await LiveHost.StartAsync();
        var (meeting, session) = await host.MeetAsync(new MeetingSettings
        {
            RecordsOnStart = true,
            RecordingConfig = """{"video_config":{"codec":"VP8"},"audio_config":{"codec":"MP3"}}""",
        });
        host.Recording.Service<RecordOnStart>().Began(meeting, session, host.Clock.GetUtcNow());
        await host.PassUntilAsync(async () => (await ListAsync(host)).TotalCount == 1);
        var failed = Assert.Single((await ListAsync(host)).Items);
        Assert.Equal((RecordingStatus.Errored, RecordingStartReason.OnStart, session.Value), (failed.Status, failed.StartReason, failed.SessionId));
        Assert.Contains("codec cannot be chosen where the video is VP8 or VP9", failed.ErrorMessage, StringComparison.Ordinal);
        Assert.Null(failed.MediaFile);
    }

    private static async Task<RecordingRecord> FindActiveAsync(LiveHost host, Meeting meeting)
    {
        IReadOnlyList<RecordingRecord> active = [];
        await host.PassUntilAsync(async () =>
            (active = await host.Recording.Recordings.FindActiveAsync(meeting.AppId, meeting.Id.Value, CancellationToken.None)).Count > 0);
        return Assert.Single(active);
    }

    private static Task<Page<RecordingRecord>> ListAsync(LiveHost host) => host.Recording.Recordings.ListAsync(
        host.Recording.App, new RecordingQuery(new PageRequest(1, 10), null, [], default, null, SortOrder.Descending), CancellationToken.None);
}
