using System.CommandLine;
using System.Text.Json.Nodes;
using Roomcast.Cli.Connecting;
using Roomcast.Cli.Meetings;
using Roomcast.Cli.Output;
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;

namespace Roomcast.Cli.Commands;

/// <summary><c>roomcast join</c>: a participant who plays files into a meeting and records the others.</summary>
internal static class JoinCommand
{
    private const string TestSignals = "test";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    private static readonly Argument<string> Meeting = CheckedOptions.Id("MEETING", "The meeting's id.");
    private static readonly Option<string[]> Publish = new("--publish")
    {
        Description = "A file to play into the meeting, or 'test' for colour bars and a tone. IVF, Ogg and WebM (VP8, Opus) as they are; anything else by FFmpeg, where it is installed. May be given twice: pictures and sound.",
        HelpName = "FILE",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<bool> Loop = new("--loop") { Description = "Play the files again and again." };
    private static readonly Option<string?> Record = new("--record") { Description = "A folder for recordings: a WebM file for each track of the others.", HelpName = "DIR" };
    private static readonly Option<string> Name = new("--name") { Description = "What the others see.", HelpName = "TEXT", DefaultValueFactory = static _ => "roomcast" };
    private static readonly Option<string> Preset = new("--preset") { Description = "The participant's preset.", HelpName = "NAME", DefaultValueFactory = static _ => MeetingEntry.DefaultPreset };
    private static readonly Option<string?> Say = new("--say") { Description = "A chat message to send after joining.", HelpName = "TEXT" };
    private static readonly Option<string?> ParticipantTokenFile = new("--participant-token-file")
    {
        Description = "A file with a participant token, to join without the API. Otherwise ROOMCAST_PARTICIPANT_TOKEN; without both a participant is added by the API.",
        HelpName = "FILE",
    };

    private static readonly Option<TimeSpan?> Duration = CheckedOptions.Time("--duration", "How long to stay; otherwise until the files are over, or until it is interrupted.");

    public static Command Create() => new Command(
        "join", "Join a meeting: play files into it, record the others, and tell what happens. It ends with the files, after --duration, or on Ctrl-C.")
    {
        Meeting, Publish, Loop, Record, Name, Preset, Say, ParticipantTokenFile, Duration,
    }.Does(RunAsync).WithExamples(
        "roomcast join MEETING --publish test                     # colour bars and a tone, until Ctrl-C",
        "roomcast join MEETING --publish talk.webm --name Speaker",
        "roomcast join MEETING --publish film.mp4 --loop          # by FFmpeg",
        "roomcast join MEETING --record ./takes --duration 60     # a recorder that sends nothing");

    private static async Task<ExitCode> RunAsync(ParseResult parsed, Screen screen, CancellationToken ending)
    {
        using var access = new ServerAccess(parsed);
        await using var media = await PublishedMedia.OpenAsync(parsed.GetValue(Publish) ?? [], parsed.GetValue(Loop), ending);
        var folder = parsed.GetValue(Record);
        if (folder is not null)
        {
            Directory.CreateDirectory(folder);
        }

        var token = access.Secret(null, ParticipantTokenFile, "ROOMCAST_PARTICIPANT_TOKEN");
        if (token is null)
        {
            using var api = access.CreateApi();
            token = await MeetingEntry.AddAsync(api, parsed.GetRequiredValue(Meeting), parsed.GetRequiredValue(Name), parsed.GetRequiredValue(Preset), ending);
        }

        using var handler = access.CreateHandler();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(ending);
        await using var meeting = await RealtimeKitClient.InitAsync(
            MeetingEntry.OptionsFor(access, handler, token) with { Video = media.Video, Audio = media.Audio, IsSubscribing = folder is not null }, ending);
        if (meeting.Meta.MeetingId != parsed.GetRequiredValue(Meeting))
        {
            throw new CliException(ExitCode.Usage, "The participant token is one for another meeting.");
        }

        Tell(meeting, media, screen, over);
        await meeting.JoinAsync(over.Token);
        screen.Result(new JsonObject { ["event"] = "joined", ["peer"] = meeting.Self.Id, ["title"] = meeting.Meta.MeetingTitle }, $"joined '{Text.Plain(meeting.Meta.MeetingTitle)}' as {meeting.Self.Name}");
        if (media.HasAny && !meeting.Self.VideoEnabled && !meeting.Self.AudioEnabled)
        {
            var preset = Text.Plain(meeting.Self.PresetName);
            throw new CliException(ExitCode.NotAllowed, meeting.Stage.Status is StageStatus.OnStage
                ? $"The preset {preset} does not allow to send what is to be published."
                : $"The preset {preset} has no stage to send from: it is for an audience. Join with another one, or without --publish.");
        }

        if (parsed.GetValue(Say) is { Length: > 0 } words)
        {
            await meeting.Chat.SendTextMessageAsync(words, over.Token);
        }

        await using (var recordings = folder is null ? null : new TrackRecordings(folder, file =>
            screen.Result(new JsonObject { ["event"] = "recording", ["file"] = file }, $"recording to {file}")))
        {
            await StayAsync(meeting, media, recordings, parsed.GetValue(Duration), over.Token);
            if (recordings is not null)
            {
                await recordings.DisposeAsync();
                foreach (var (file, frames, duration) in recordings.Files)
                {
                    screen.Result(
                        new JsonObject { ["event"] = "recorded", ["file"] = file, ["frames"] = frames, ["seconds"] = duration.TotalSeconds },
                        $"recorded {file}: {frames} frames, {Text.Of(duration)}");
                }
            }
        }

        var state = meeting.Self.RoomState;
        screen.Result(
            new JsonObject { ["event"] = "left", ["video_frames_sent"] = meeting.Self.VideoFramesSent, ["audio_frames_sent"] = meeting.Self.AudioFramesSent },
            $"left after sending {meeting.Self.VideoFramesSent} pictures and {meeting.Self.AudioFramesSent} packets of sound");
        if (media.Fault is { } broken)
        {
            throw new CliException(ExitCode.Media, $"What is published failed on the way: {Text.Plain(broken.Message)}", broken);
        }

        return state switch
        {
            RoomState.Joined when media.HasAny && meeting.Stage.Status is not StageStatus.OnStage =>
                throw new CliException(ExitCode.Incomplete, "A host has taken this participant from the stage."),
            RoomState.Kicked => throw new CliException(ExitCode.Incomplete, "A host has removed this participant."),
            RoomState.Ended => throw new CliException(ExitCode.Incomplete, "The meeting was ended for everybody."),
            RoomState.Failed or RoomState.Disconnected => throw new CliException(ExitCode.Unreachable, "The connection was lost, and could not be made anew."),
            _ => ExitCode.Done,
        };
    }

    // Tracks come and go: they are looked for, which needs no order among events.
    private static async Task StayAsync(RealtimeKitClient meeting, PublishedMedia media, TrackRecordings? recordings, TimeSpan? time, CancellationToken over)
    {
        var clock = TimeProvider.System;
        var begun = clock.GetTimestamp();
        while (!over.IsCancellationRequested && !(clock.GetElapsedTime(begun) >= time))
        {
            recordings?.Follow(meeting);
            if (media.Fault is not null || (time is null && media.HasAny && !meeting.Self.VideoEnabled && !meeting.Self.AudioEnabled))
            {
                return; // The files are over, or one cannot be read any further.
            }

            await MeetingEntry.WaitAsync(Look, over);
        }
    }

    private static void Tell(RealtimeKitClient meeting, PublishedMedia media, Screen screen, CancellationTokenSource over)
    {
        void Say(string happened, Participant whom, string text) =>
            screen.Result(new JsonObject { ["event"] = happened, ["peer"] = whom.Id, ["name"] = whom.Name }, text);
        meeting.Participants.Joined.ParticipantJoined += participant => Say("participant_joined", participant, $"{Text.Plain(participant.Name)} joined");
        meeting.Participants.Joined.ParticipantLeft += participant => Say("participant_left", participant, $"{Text.Plain(participant.Name)} left");
        meeting.Self.Waitlisted += () => screen.Note("in the waiting room");
        meeting.HandlerFailed += fault =>
        {
            if (fault != media.Fault)
            {
                screen.Note($"roomcast: {fault.Message}");
            }
        };
        meeting.Self.RoomJoined += isAgain =>
        {
            if (isAgain)
            {
                screen.Note("the connection is back");
            }
        };
        meeting.Self.RoomLeft += state =>
        {
            if (state is RoomState.Disconnected)
            {
                screen.Note("the connection was lost; it is made anew");
            }
            else
            {
                over.Cancel();
            }
        };
        meeting.Chat.ChatUpdated += update =>
        {
            if (update.Action == "add" && update.Message is { Type: ChatMessageType.Text, Text: var text })
            {
                screen.Result(new JsonObject { ["event"] = "chat", ["name"] = update.Message.DisplayName, ["text"] = text }, $"{Text.Plain(update.Message.DisplayName)}: {Text.Plain(text, 2_000)}");
            }
        };
    }

    /// <summary>What is played into the meeting.</summary>
    private sealed class PublishedMedia : IAsyncDisposable
    {
        private readonly List<MediaFile> _files = [];
        private Exception? _fault;

        public IVideoSource? Video { get; private set; }

        public IAudioSource? Audio { get; private set; }

        /// <summary>Why a source could not go on; null while all can.</summary>
        public Exception? Fault => Volatile.Read(ref _fault);

        public bool HasAny => Video is not null || Audio is not null;

        public static async Task<PublishedMedia> OpenAsync(string[] files, bool repeats, CancellationToken ending)
        {
            var media = new PublishedMedia();
            try
            {
                foreach (var file in files)
                {
                    if (file == TestSignals)
                    {
                        media.Take(new TestPatternSource(), new TestToneSource());
                        continue;
                    }

                    var opened = await OpenOneAsync(file, repeats, ending);
                    media._files.Add(opened);
                    media.Take(opened.Video, opened.Audio);
                }

                return media;
            }
            catch
            {
                await media.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var file in _files)
            {
                await file.DisposeAsync();
            }
        }

        private static async Task<MediaFile> OpenOneAsync(string file, bool repeats, CancellationToken ending)
        {
            if (!File.Exists(file))
            {
                throw new CliException(
                    ExitCode.Usage,
                    file.Contains("://", StringComparison.Ordinal) ? $"--publish plays files of this machine and fetches none: save {file} first." : $"There is no file {Path.GetFullPath(file)}.");
            }

            try
            {
                return await MediaFile.OpenAsync(file, repeats, ending);
            }
            catch (FfmpegException fault) when (fault.IsMissing)
            {
                throw new CliException(ExitCode.MissingTool, fault.Message, fault);
            }
            catch (Exception fault) when (fault is InvalidDataException or FfmpegException)
            {
                throw new CliException(ExitCode.Media, $"{file}: {fault.Message}", fault);
            }
        }

        // The first that has it.
        private void Take(IVideoSource? video, IAudioSource? audio)
        {
            Video ??= video is null ? null : new Watched(this, video);
            Audio ??= audio is null ? null : new Watched(this, audio);
        }

        /// <summary>A source whose failure is noted: the client would go on without it.</summary>
        private sealed class Watched(PublishedMedia media, IFrameSource source) : IVideoSource, IAudioSource
        {
            public async ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken)
            {
                try
                {
                    return await source.ReadAsync(isKeyframeWanted, cancellationToken);
                }
                catch (Exception fault) when (fault is not OperationCanceledException)
                {
                    Interlocked.CompareExchange(ref media._fault, fault, null);
                    throw;
                }
            }
        }
    }
}
