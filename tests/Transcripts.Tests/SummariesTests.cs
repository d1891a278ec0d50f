using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.Transcripts.Records;
using Roomcast.Transcripts.Services;

namespace Roomcast.Transcripts.Tests;

public sealed class SqliteSummariesTests() : SummariesTests(DatabaseEngine.Sqlite);

public sealed class PostgresSummariesTests() : SummariesTests(DatabaseEngine.Postgres);

public abstract class SummariesTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private static readonly AiServiceException Passing = new("The service answered with the status 503.", isPassing: true);

    private readonly ManualClock _clock = new();
    private readonly FakeSummariser _summariser = new();

    private TranscriptStore Store { get; set; } = null!;

    private static CancellationToken None => CancellationToken.None;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Store = new TranscriptStore(Database, _clock, new SessionFileTasks(_clock));
    }

    [Fact]
    public async Task A_service_that_does_not_answer_holds_up_its_own_app_alone()
    {
        var (slow, quick) = (await MakeMeetingAsync(), await MakeMeetingAsync());
        var hanging = new TaskCompletionSource<string>();
        _summariser.Answer = asked => asked.Model == ModelOf(slow) ? hanging.Task : Task.FromResult("In short");
        var waiting = new List<SessionId>();
        for (var i = 0; i < 3; i++)
        {
            waiting.Add(await LeaveTranscriptAsync(slow));
        }

        using var summaries = await StartAsync();
        await UntilAsync(() => Task.FromResult(_summariser.Asked.Contains(ModelOf(slow))), summaries);
        for (var i = 0; i < 3; i++)
        {
            await UntilAsync(await LeaveTranscriptAsync(quick), SummaryStatus.Completed, summaries);
        }

        // Of its own app one is asked for at a time.
        Assert.Equal(1, _summariser.Asked.Count(model => model == ModelOf(slow)));
        hanging.SetResult("At last");
        foreach (var session in waiting)
        {
            await UntilAsync(session, SummaryStatus.Completed, summaries);
        }

        await summaries.StopAsync(None);
    }

    [Fact]
    public async Task All_that_an_earlier_run_left_are_made_however_many_and_however_far_they_were()
    {
        var meeting = await MakeMeetingAsync();
        var left = new List<SessionId>();
        for (var i = 0; i < 120; i++)
        {
            left.Add(await LeaveTranscriptAsync(meeting));
            if (i % 3 == 0)
            {
                await Store.SaveSummaryAsync(new Summary(left[^1], SummaryStatus.InProgress, null, IsMarkdown: true, null), None);
            }
        }

        // A store of its own, which nothing was queued in.
        Store = new TranscriptStore(Database, _clock, new SessionFileTasks(_clock));
        using var summaries = await StartAsync();
        foreach (var session in left)
        {
            await UntilAsync(session, SummaryStatus.Completed, summaries);
        }

        await summaries.StopAsync(None);
        Assert.Equal(left.Count, _summariser.Asked.Count);
        Assert.Equal(0, await CountAsync("summary_tasks"));
        Assert.Equal(left.Count, await CountAsync("session_file_tasks WHERE kind = 'SUMMARY'"));
    }

    [Fact]
    public async Task What_the_stop_of_the_server_interrupts_is_done_by_the_next()
    {
        var session = await LeaveTranscriptAsync(await MakeMeetingAsync());
        _summariser.Answer = _ => new TaskCompletionSource<string>().Task;
        using (var first = await StartAsync())
        {
            await UntilAsync(session, SummaryStatus.InProgress, first);
            await UntilAsync(() => Task.FromResult(!_summariser.Asked.IsEmpty), first);
            await first.StopAsync(None);
        }

        _summariser.Answer = _ => Task.FromResult("In short");
        using var second = await StartAsync();
        await UntilAsync(session, SummaryStatus.Completed, second);
        await second.StopAsync(None);
    }

    [Fact]
    public async Task A_fault_of_the_service_that_passes_is_waited_out_and_holds_up_no_other_summary_of_the_app()
    {
        var meeting = await MakeMeetingAsync();
        var bad = await LeaveTranscriptAsync(meeting, "bad");
        var good = await LeaveTranscriptAsync(meeting, "good");
        var isBack = false;
        _summariser.AnswerTo = transcript =>
            transcript.Contains("bad", StringComparison.Ordinal) && !Volatile.Read(ref isBack) ? Task.FromException<string>(Passing) : Task.FromResult("In short");
        using var summaries = await StartAsync();
        await UntilAsync(good, SummaryStatus.Completed, summaries);
        await UntilAsync(
            async () => await Store.FindSummaryAsync(bad, None) is { Status: SummaryStatus.Queued, Error: { } error } && error == Passing.Message, summaries);
        Volatile.Write(ref isBack, true);
        await UntilAsync(bad, SummaryStatus.Completed, summaries);
        await summaries.StopAsync(None);
    }

    [Fact]
    public async Task A_service_that_does_not_come_back_is_asked_less_and_less_often_and_then_the_summary_has_failed_until_it_is_asked_for_again()
    {
        var meeting = await MakeMeetingAsync();
        var session = await LeaveTranscriptAsync(meeting);
        var times = new ConcurrentQueue<DateTimeOffset>();
        _summariser.Answer = _ =>
        {
            times.Enqueue(_clock.GetUtcNow());
            return Task.FromException<string>(Passing);
        };
        using var summaries = await StartAsync();
        await UntilAsync(session, SummaryStatus.Failed, summaries);
        var asked = times.ToArray();
        Assert.Equal(Summaries.MostAttempts, asked.Length);
        var pauses = asked.Zip(asked.Skip(1), (one, next) => next - one).ToArray();
        Assert.All([10, 40, 160, 640, 1_800, 1_800, 1_800], (seconds, i) => Assert.True(pauses[i] >= TimeSpan.FromSeconds(seconds), $"{i}: {pauses[i]}"));

        _summariser.Answer = _ => Task.FromResult("In short");
        var (queued, refusal) = await summaries.AskAsync(meeting, session, None);
        Assert.Equal((SummaryStatus.Queued, null), (queued!.Status, refusal));
        await UntilAsync(session, SummaryStatus.Completed, summaries);
        await summaries.StopAsync(None);
    }

    [Theory]
    [InlineData(StorageFailure.Unavailable, true)]
    [InlineData(StorageFailure.Contended, true)]
    [InlineData(StorageFailure.DiskFull, true)]
    [InlineData(StorageFailure.Corrupted, false)]
    public async Task A_fault_of_the_database_ends_nothing_and_is_waited_out_when_it_passes(StorageFailure failure, bool passes)
    {
        var meeting = await MakeMeetingAsync();
        var bad = await LeaveTranscriptAsync(meeting, "bad");
        var good = await LeaveTranscriptAsync(meeting, "good");
        var faults = 0;
        _summariser.AnswerTo = transcript => transcript.Contains("bad", StringComparison.Ordinal) && Interlocked.Increment(ref faults) <= Summaries.MostAttempts + 2
            ? Task.FromException<string>(new StorageException(failure, "for this test"))
            : Task.FromResult("In short");
        using var summaries = await StartAsync();
        await UntilAsync(good, SummaryStatus.Completed, summaries);
        await UntilAsync(bad, passes ? SummaryStatus.Completed : SummaryStatus.Failed, summaries);
        await summaries.StopAsync(None);
    }

    [Fact]
    public async Task A_refusal_for_good_is_not_repeated()
    {
        var session = await LeaveTranscriptAsync(await MakeMeetingAsync());
        _summariser.Answer = _ => Task.FromException<string>(new AiServiceException("The service answered with the status 401.", isPassing: false));
        using var summaries = await StartAsync();
        await UntilAsync(session, SummaryStatus.Failed, summaries);
        await summaries.StopAsync(None);
        Assert.Single(_summariser.Asked);
        Assert.Equal(0, await CountAsync("summary_tasks"));
    }

    [Fact]
    public async Task Of_a_transcript_whose_time_is_over_no_summary_is_told_or_made_though_nobody_has_swept_yet()
    {
        var meeting = await MakeMeetingAsync();
        var session = await LeaveTranscriptAsync(meeting);
        using var summaries = NewSummaries();
        await Store.SaveSummaryAsync(new Summary(session, SummaryStatus.Completed, "In short", IsMarkdown: true, null), None);
        Assert.Equal(SummaryStatus.Completed, (await summaries.AskAsync(meeting, session, None)).Summary?.Status);
        _clock.Advance(TimeSpan.FromDays(7));
        Assert.Equal((null, SummaryRefusal.NoTranscript), await summaries.AskAsync(meeting, session, None));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Whether_a_summary_is_made_is_what_the_meeting_wants_when_its_transcript_ends(bool atTheBeginning, bool atTheEnd)
    {
        var meeting = await MakeMeetingAsync(summarizes: atTheBeginning);
        var session = await OpenTranscriptAsync(meeting, "Hello");
        await new MeetingStore(Database, _clock).UpdateAsync(
            meeting.AppId, meeting.Id, before => before with { Settings = before.Settings with { SummarizesOnEnd = atTheEnd } }, None);
        await FinishAsync(session);
        Assert.Equal(atTheEnd, await Store.FindSummaryAsync(session, None) is not null);
        Assert.Equal(atTheEnd ? 1 : 0, await CountAsync("summary_tasks"));
    }

    private static string ModelOf(Meeting meeting) => meeting.AppId.ToString();

    private async Task<Meeting> MakeMeetingAsync(bool summarizes = true)
    {
        var account = await new AccountStore(Database, _clock).CreateAsync(null, None);
        var app = (await new AppStore(Database, _clock).CreateAsync(account.Id, null, None)).Id;
        await Services().ChooseAsync(
            app, AiServiceKind.Summary, new AiService(new Uri("https://ai.example.org/v1"), app.ToString(), null, IsOperators: false), None);
        return await new MeetingStore(Database, _clock).CreateAsync(app, "", new MeetingSettings { SummarizesOnEnd = summarizes }, None);
    }

    private async Task<SessionId> OpenTranscriptAsync(Meeting meeting, string text)
    {
        var now = _clock.GetUtcNow();
        var records = new SessionRecordStore(Database, _clock);
        var session = (await records.BeginAsync(meeting, now, TimeSpan.Zero, None)).Id;
        await Store.OpenAsync(session, None);
        await Store.AddAsync(
            session, new TranscriptLine(new PeerId(Guid.NewGuid()), new ParticipantId(Guid.NewGuid()), "alice", "Alice", now, now, text), None);
        await records.EndAsync(session, now, SessionEndReason.EverybodyLeft, None);
        return session;
    }

    private async Task<SessionId> LeaveTranscriptAsync(Meeting meeting, string text = "Hello")
    {
        var session = await OpenTranscriptAsync(meeting, text);
        await FinishAsync(session);
        return session;
    }

    private Task<bool> FinishAsync(SessionId session) => Store.FinishAsync(session, null, _clock.GetUtcNow().AddDays(7), canSummarize: true, None);

    private AiServices Services() => new(Database, new OptionsWrapper<TranscriptOptions>(new TranscriptOptions()), _clock);

    private Summaries NewSummaries() => new(
        Store,
        Services(),
        _summariser,
        new MeetingStore(Database, _clock),
        new SessionRecordStore(Database, _clock),
        _clock,
        NullLogger<Summaries>.Instance);

    private async Task<Summaries> StartAsync()
    {
        var summaries = NewSummaries();
        await summaries.StartAsync(None);
        return summaries;
    }

    private Task<long> CountAsync(string rows) =>
        Database.ReadAsync(transaction => transaction.QueryValueAsync<long>($"SELECT count(*) FROM {rows}"), None);

    private Task UntilAsync(SessionId session, SummaryStatus status, Summaries summaries) =>
        UntilAsync(async () => (await Store.FindSummaryAsync(session, None))?.Status == status, summaries);

    private async Task UntilAsync(Func<Task<bool>> isSo, Summaries summaries)
    {
        for (var tries = 0; !await isSo(); tries++)
        {
            Assert.True(tries < 20_000, "It did not happen.");
            Assert.False(summaries.ExecuteTask!.IsCompleted, $"It has stopped: {summaries.ExecuteTask.Exception}");
            _clock.Advance(TimeSpan.FromSeconds(20));
            await Task.Delay(1);
        }
    }

    private sealed class FakeSummariser : ISummariser
    {
        /// <summary>The models asked for, each of which is its app's own.</summary>
        public ConcurrentQueue<string> Asked { get; } = new();

        public Func<AiService, Task<string>> Answer { get; set; } = _ => Task.FromResult("In short");

        public Func<string, Task<string>>? AnswerTo { get; set; }

        public Task<string> SummariseAsync(AiService service, string transcript, SummaryWish wish, CancellationToken cancellationToken)
        {
            Asked.Enqueue(service.Model);
            return (AnswerTo is { } answer ? answer(transcript) : Answer(service)).WaitAsync(cancellationToken);
        }
    }
}
