using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Accounts;
using Roomcast.Meetings;
using Roomcast.Meetings.History;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Media;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Following;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Rtc;
using Roomcast.Transcripts.Records;
using Roomcast.Transcripts.Services;
using Roomcast.Transcripts.Speech;

namespace Roomcast.Transcripts.Tests;

public sealed class SqliteTranscriptionTests() : TranscriptionTests(DatabaseEngine.Sqlite);

public sealed class PostgresTranscriptionTests() : TranscriptionTests(DatabaseEngine.Postgres);

/// <summary>What becomes of the speech of a session, whatever the service and the server do meanwhile.</summary>
public abstract class TranscriptionTests(DatabaseEngine engine) : DatabaseTests(engine)
{
    private const string OurFault = "The server failed to write down what was said.";
    private const string Stopped = "The server stopped before all was written down.";

    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    private readonly ManualClock _clock = new();
    private readonly FakeTranscriber _transcriber = new();
    private readonly FollowedSession _followed = new();
    private readonly PeerView _peer = new(
        Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), "Anna", "", "anna", Guid.NewGuid().ToString(), "group_call_host", StageState.On, false, false, RecorderType.None);

    private ServiceProvider _services = null!;
    private Meeting _meeting = null!;

    private TranscriptStore Store { get; set; } = null!;

    private SessionRecordStore Records { get; set; } = null!;

    private SessionId Id { get; set; }

    private static CancellationToken None => CancellationToken.None;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _services = new ServiceCollection().AddMeetings().BuildServiceProvider();
        Store = new TranscriptStore(Database, _clock, new SessionFileTasks(_clock));
        Records = new SessionRecordStore(Database, _clock);
        var account = await new AccountStore(Database, _clock).CreateAsync(null, None);
        var app = (await new AppStore(Database, _clock).CreateAsync(account.Id, null, None)).Id;
        _meeting = await new MeetingStore(Database, _clock).CreateAsync(app, "", new MeetingSettings { TranscribesOnEnd = true }, None);
        Id = (await Records.BeginAsync(_meeting, _clock.GetUtcNow(), TimeSpan.Zero, None)).Id;
    }

    public override async Task DisposeAsync()
    {
        await _services.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    public async Task Pieces_that_cannot_be_written_down_silence_no_other()
    {
        foreach (var fault in new Exception[]
        {
            new InvalidOperationException("a secret"), new ArgumentException("a secret"), new AiServiceException("The service answered with the status 400.", isPassing: false),
        })
        {
            _transcriber.Answers.Enqueue(_ => Task.FromException<string>(fault));
        }

        using var transcription = await BeginAsync();
        for (var i = 0; i < 6; i++)
        {
            _followed.Say();
        }

        await UntilAsync(async () => (await Store.ListAsync(Id, None)).Count == 3);
        await EndAsync(transcription);
        var transcript = await FindAsync();
        Assert.Equal(TranscriptStatus.Ready, transcript.Status);
        Assert.Contains(transcript.Error, new[] { OurFault, "The service answered with the status 400." });
    }

    [Fact]
    public async Task Where_every_piece_fails_the_transcript_says_why_at_once_and_has_failed_at_the_end()
    {
        _transcriber.Answer = _ => Task.FromException<string>(new InvalidOperationException("a secret"));
        using var transcription = await BeginAsync();
        _followed.Say();
        await UntilAsync(async () => await FindAsync() is { Status: TranscriptStatus.Open, Error: OurFault });
        _followed.Say();
        await EndAsync(transcription);
        Assert.Equal((TranscriptStatus.Failed, OurFault), await StandsAsync());
    }

    [Fact]
    public async Task A_listening_that_fails_is_told_by_the_transcript()
    {
        _followed.Leave = () => ValueTask.FromException(new InvalidOperationException("a secret"));
        using var transcription = await BeginAsync();
        await EndAsync(transcription);
        Assert.Equal((TranscriptStatus.Failed, OurFault), await StandsAsync());
    }

    [Fact]
    public async Task The_stop_of_the_server_gives_up_a_service_that_does_not_answer_and_the_transcript_says_so()
    {
        _transcriber.Answer = cancellationToken => new TaskCompletionSource<string>().Task.WaitAsync(cancellationToken);
        using var transcription = await BeginAsync();
        for (var i = 0; i < 5; i++)
        {
            _followed.Say();
        }

        await UntilAsync(() => Task.FromResult(_transcriber.Asked == 2));
        var begun = _clock.Elapsed;
        await StopAsync(transcription);
        Assert.InRange(_clock.Elapsed - begun, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal((TranscriptStatus.Open, Stopped), await StandsAsync());
        Assert.Equal((TranscriptStatus.Failed, Stopped), await EndAfterRestartAsync());
    }

    [Fact]
    public async Task A_session_that_does_not_end_with_the_server_does_not_hold_it_up()
    {
        using var transcription = await BeginAsync();
        var begun = _clock.Elapsed;
        await StopAsync(transcription, isDrained: false);
        Assert.InRange(_clock.Elapsed - begun, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task What_was_said_last_is_written_down_when_the_server_stops_as_long_as_the_service_answers()
    {
        const int Pieces = 12;
        var asked = new ConcurrentQueue<TaskCompletionSource<string>>();
        _transcriber.Answer = cancellationToken =>
        {
            var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            asked.Enqueue(answer);
            return answer.Task.WaitAsync(cancellationToken);
        };
        using var transcription = await BeginAsync();
        for (var i = 0; i < Pieces; i++)
        {
            _followed.Say();
        }

        _followed.End();
        var stopping = transcription.StopAsync(None);
        for (var written = 2; written <= Pieces; written += 2)
        {
            // Each answer comes within the patience, all of them together do not.
            await UntilAsync(() => Task.FromResult(asked.Count == 2));
            _clock.Advance(TimeSpan.FromSeconds(2));
            while (asked.TryDequeue(out var answer))
            {
                answer.SetResult("Hello");
            }

            await UntilAsync(async () => (await Store.ListAsync(Id, None)).Count == written);
        }

        await UntilAsync(() => Task.FromResult(stopping.IsCompleted));
        Assert.Equal((TranscriptStatus.Open, null), await StandsAsync());
    }

    [Fact]
    public async Task What_was_written_down_before_the_server_stopped_is_kept()
    {
        _transcriber.Answers.Enqueue(_ => Task.FromResult("Hello"));
        _transcriber.Answer = cancellationToken => new TaskCompletionSource<string>().Task.WaitAsync(cancellationToken);
        using var transcription = await BeginAsync();
        _followed.Say();
        await UntilAsync(async () => (await Store.ListAsync(Id, None)).Count == 1);
        _followed.Say();
        await UntilAsync(() => Task.FromResult(_transcriber.Asked == 2));
        await StopAsync(transcription);
        Assert.Equal((TranscriptStatus.Ready, Stopped), await EndAfterRestartAsync());
        Assert.Equal("Hello", Assert.Single(await Store.ListAsync(Id, None)).Text);
    }

    [Fact]
    public async Task Lines_that_are_written_down_at_once_are_all_kept()
    {
        await Store.OpenAsync(Id, None);
        var line = new TranscriptLine(
            new PeerId(Guid.NewGuid()), new ParticipantId(Guid.NewGuid()), "anna", "Anna", _clock.GetUtcNow(), _clock.GetUtcNow(), "Hello");
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Store.AddAsync(Id, line, None)));
        Assert.Equal(40, (await Store.ListAsync(Id, None)).Count);
    }

    [Fact]
    public async Task A_transcript_that_a_killed_server_left_without_a_line_has_failed()
    {
        await Store.OpenAsync(Id, None);
        Assert.Equal((TranscriptStatus.Failed, Stopped), await EndAfterRestartAsync());
    }

    [Fact]
    public async Task A_fault_of_the_service_outlasts_the_server()
    {
        const string Fault = "The service answered with the status 401.";
        _transcriber.Answer = _ => Task.FromException<string>(new AiServiceException(Fault, isPassing: false));
        using var transcription = await BeginAsync();
        _followed.Say();
        await UntilAsync(async () => await FindAsync() is { Error: Fault });
        await StopAsync(transcription);

        // The session goes on with the next start, and nothing more is said.
        await Store.OpenAsync(Id, None);
        await Store.FinishAsync(Id, null, _clock.GetUtcNow() + KeptFor, canSummarize: false, None);
        Assert.Equal((TranscriptStatus.Failed, Fault), await StandsAsync());
    }

    private async Task<Transcription> BeginAsync()
    {
        var options = new OptionsWrapper<TranscriptOptions>(new TranscriptOptions { TranscriptionUrl = "https://ai.example.org/v1" });
        var transcription = new Transcription(
            null!,
            _services.GetRequiredService<IActiveSessions>(),
            new AiServices(Database, options, _clock),
            _transcriber,
            Store,
            new ListenedSessions(),
            options,
            new OptionsWrapper<HistoryOptions>(new HistoryOptions { FileRetention = KeptFor }),
            _clock,
            NullLogger<Transcription>.Instance)
        {
            Follow = _followed.FollowAsync,
        };
        _followed.PeerId = _peer.PeerId;
        await transcription.StartAsync(None);
        transcription.Began(_meeting, Id, _clock.GetUtcNow());
        transcription.PeerJoined(_meeting.Id, Id, _peer);
        await UntilAsync(async () => await Store.FindAsync(Id, None) is not null);
        return transcription;
    }

    private async Task EndAsync(Transcription transcription)
    {
        _followed.End();
        transcription.Ended(_meeting.Id, Id, SessionEndReason.EverybodyLeft);
        await UntilAsync(async () => (await FindAsync()).Status is not TranscriptStatus.Open);
        await transcription.StopAsync(None);
    }

    private async Task StopAsync(Transcription transcription, bool isDrained = true)
    {
        if (isDrained)
        {
            _followed.End();
        }

        var stopping = transcription.StopAsync(None);
        await UntilAsync(() => Task.FromResult(stopping.IsCompleted), TimeSpan.FromMilliseconds(100));
        await stopping;
    }

    private async Task<(TranscriptStatus Status, string? Error)> EndAfterRestartAsync()
    {
        await Records.EndAsync(Id, _clock.GetUtcNow(), SessionEndReason.ServerStopped, None);
        await Store.FinishOrphansAsync(KeptFor, None);
        return await StandsAsync();
    }

    private async Task<Transcript> FindAsync() => (await Store.FindAsync(Id, None))!;

    private async Task<(TranscriptStatus Status, string? Error)> StandsAsync()
    {
        var transcript = await FindAsync();
        return (transcript.Status, transcript.Error);
    }

    private async Task UntilAsync(Func<Task<bool>> isSo, TimeSpan step = default)
    {
        for (var tries = 0; !await isSo(); tries++)
        {
            Assert.True(tries < 4_000, "It did not happen.");
            _clock.Advance(step);
            await Task.Delay(5);
        }
    }

    private sealed class FakeTranscriber : ITranscriber
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        /// <summary>What is answered first, in this order.</summary>
        public ConcurrentQueue<Func<CancellationToken, Task<string>>> Answers { get; } = new();

        /// <summary>What is answered then.</summary>
        public Func<CancellationToken, Task<string>> Answer { get; set; } = _ => Task.FromResult("Hello");

        public Task<string> TranscribeAsync(AiService service, SpeechPiece piece, SpeechHints hints, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            return Answers.TryDequeue(out var first) ? first(cancellationToken) : Answer(cancellationToken);
        }
    }

    /// <summary>A session in which one peer speaks when told.</summary>
    private sealed class FollowedSession
    {
        private const int PacketMs = 20;

        private static readonly byte[] Sound = [0xFC, .. new byte[40]];

        private ISessionFollower? _follower;
        private uint _ssrc;

        public string PeerId { get; set; } = "";

        public Func<ValueTask> Leave { get; set; } = () => ValueTask.CompletedTask;

        public Task<IAsyncDisposable?> FollowAsync(SessionId sessionId, ISessionFollower follower)
        {
            _follower = follower;
            return Task.FromResult<IAsyncDisposable?>(new Hold(this));
        }

        /// <summary>Has a piece of speech said.</summary>
        public void Say()
        {
            var ssrc = ++_ssrc;
            var packets = new RtpPacketizer(ssrc, 111, 48_000);
            _follower!.OnTrack(new MediaProducer($"mic-{ssrc}", PeerId, MediaKind.Audio, false, false, "", "t", "audio/opus", $"mic-{ssrc}"), ssrc, 111);
            for (var i = 0; i < 10; i++)
            {
                _follower.OnPacket(packets.Opus(Sound, TimeSpan.FromMilliseconds(i * PacketMs)), isRtcp: false);
            }

            _follower.OnTrackEnded($"mic-{ssrc}");
        }

        public void End() => _follower!.OnEnded();

        private sealed class Hold(FollowedSession session) : IAsyncDisposable
        {
            public ValueTask DisposeAsync() => session.Leave();
        }
    }
}
