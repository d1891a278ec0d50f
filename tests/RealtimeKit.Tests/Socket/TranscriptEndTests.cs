using Microsoft.Extensions.DependencyInjection;
using Roomcast.Meetings.Records;
using Roomcast.Transcripts;
using Roomcast.Transcripts.Records;

namespace Roomcast.RealtimeKit.Tests.Socket;

[Collection(SharedMeetingHostTests.Name)]
public sealed class TranscriptEndTests(SharedMeetingHost shared)
{
    private MeetingHost Host => shared.Host;

    [Fact]
    public async Task A_transcript_whose_session_ends_after_the_listening_did_ends_with_it()
    {
        var meeting = await Host.NewMeetingAsync();
        meeting = meeting with { Settings = meeting.Settings with { TranscribesOnEnd = true } };
        var records = Host.Service<SessionRecordStore>();
        var session = await records.BeginAsync(meeting, Host.Clock.GetUtcNow(), TimeSpan.Zero, CancellationToken.None);
        var store = Host.Service<TranscriptStore>();
        await store.OpenAsync(session.Id, CancellationToken.None);
        using var transcription = ActivatorUtilities.CreateInstance<Transcription>(Host.Service<IServiceProvider>());

        // Its app has no service any more, so that there is nothing to listen for.
        transcription.Began(meeting, session.Id, session.StartedAt);
        await records.EndAsync(session.Id, Host.Clock.GetUtcNow(), SessionEndReason.EverybodyLeft, CancellationToken.None);
        Assert.Equal(TranscriptStatus.Open, await StatusAsync());
        transcription.Ended(meeting.Id, session.Id, SessionEndReason.EverybodyLeft);
        for (var tries = 0; await StatusAsync() is TranscriptStatus.Open; tries++)
        {
            Assert.True(tries < 2_000, "The transcript stays open.");
            await Task.Delay(TimeSpan.FromMilliseconds(5));
        }

        Assert.Equal(TranscriptStatus.Ready, await StatusAsync());
        await transcription.StopAsync(CancellationToken.None);

        async Task<TranscriptStatus> StatusAsync() => (await store.FindAsync(session.Id, CancellationToken.None))!.Status;
    }
}
