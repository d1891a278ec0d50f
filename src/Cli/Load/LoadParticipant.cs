using Roomcast.Cli.Connecting;
using Roomcast.Cli.Meetings;
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;
using Roomcast.Client.Rest;

namespace Roomcast.Cli.Load;

/// <summary>One participant of a load: joins, sends test signals when it is a publisher, and receives what the others send.</summary>
internal sealed class LoadParticipant(int number, bool isPublisher) : IAsyncDisposable
{
    private RealtimeKitClient? _meeting;

    /// <summary>How long joining took, with its media; null while it has not joined.</summary>
    public TimeSpan? JoinTime { get; private set; }

    /// <summary>Why it is not in the meeting; null while nothing is wrong.</summary>
    public string? Fault { get; private set; }

    /// <summary>Connections that were lost and made anew.</summary>
    public int Reconnections { get; private set; }

    /// <summary>Frames received of all tracks.</summary>
    public long FramesReceived => Tracks().Sum(static track => track.Frames);

    /// <summary>Tracks that are received.</summary>
    public int TracksReceived => Tracks().Count(static track => track.Frames > 0);

    /// <summary>Frames sent.</summary>
    public long FramesSent => _meeting is { } meeting ? meeting.Self.AudioFramesSent + meeting.Self.VideoFramesSent : 0;

    /// <summary>Whether it is in the meeting.</summary>
    public bool IsIn => _meeting?.Self.RoomState is RoomState.Joined;

    /// <summary>Joins.</summary>
    public async Task JoinAsync(ServerAccess access, HttpMessageHandler handler, RealtimeKitApi api, string meetingId, string preset, TimeProvider time, CancellationToken ending)
    {
        try
        {
            var token = await MeetingEntry.AddAsync(api, meetingId, $"load {number}", preset, ending);
            var options = MeetingEntry.OptionsFor(access, handler, token);
            if (isPublisher)
            {
                options = options with { Video = new TestPatternSource(), Audio = new TestToneSource() };
            }

            // Counted from here: adding somebody is the back end's, joining the participant's.
            var begun = time.GetTimestamp();
            _meeting = await RealtimeKitClient.InitAsync(options, ending);
            _meeting.Self.RoomJoined += isAgain => Reconnections += isAgain ? 1 : 0;
            await _meeting.JoinAsync(ending);
            JoinTime = time.GetElapsedTime(begun);
        }
        catch (RealtimeKitException fault)
        {
            Fault = fault.Message;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            Fault = "ended before it had joined";
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_meeting is { } meeting)
        {
            await meeting.DisposeAsync();
        }
    }

    private IEnumerable<RemoteTrack> Tracks() =>
        _meeting?.Participants.Joined.ToArray().SelectMany(static participant => (RemoteTrack?[])[participant.AudioTrack, participant.VideoTrack]).OfType<RemoteTrack>() ?? [];
}
