using System.Collections.Concurrent;
using Roomcast.Cli.Output;
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;
using Roomcast.Media;

namespace Roomcast.Cli.Meetings;

/// <summary>Records each track that is received to a WebM file of its own.</summary>
/// <remarks>A track that ends and comes again, as after a lost connection, gets a further file.</remarks>
internal sealed class TrackRecordings(string folder, Action<string> told) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<RemoteTrack, (WebMRecorder Recorder, string File)> _running = new();
    private readonly ConcurrentBag<(WebMRecorder Recorder, string File)> _all = [];
    private int _count;

    /// <summary>The files so far, with what is in them.</summary>
    public IReadOnlyList<(string File, long Frames, TimeSpan Duration)> Files =>
        [.. _all.OrderBy(each => each.File, StringComparer.Ordinal).Select(each => (each.File, each.Recorder.Frames, each.Recorder.Duration))];

    /// <summary>Begins to record what began to be received since the last call.</summary>
    public void Follow(RealtimeKitClient meeting)
    {
        foreach (var participant in meeting.Participants.Joined.ToArray())
        {
            Add(participant, participant.VideoTrack);
            Add(participant, participant.AudioTrack);
            foreach (var screen in participant.ScreenShareTracks)
            {
                Add(participant, screen);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var (track, (recorder, _)) in _running)
        {
            track.RemoveSink(recorder);
        }

        foreach (var (recorder, _) in _all)
        {
            await recorder.DisposeAsync();
        }
    }

    // The recorder replaces a file, so that it gets one that was not there before.
    private static string Reserve(string path)
    {
        using var file = NewFile.Create(path);
        return file.Name;
    }

    private void Add(Participant participant, RemoteTrack? track)
    {
        if (track is null || track.IsEnded || _running.ContainsKey(track))
        {
            return;
        }

        // A name from outside is no path: only letters, digits and a few signs of it are kept.
        var name = string.Concat(participant.Name.Where(static sign => char.IsAsciiLetterOrDigit(sign) || sign is '-' or '_').Take(40));
        var what = track.IsScreenShare ? track.Kind is TrackKind.Video ? "screen" : "screen-sound" : track.Kind is TrackKind.Video ? "camera" : "microphone";
        var file = Reserve(Path.Combine(folder, $"{Interlocked.Increment(ref _count):000}-{(name.Length > 0 ? name : "participant")}-{what}.webm"));
        var recorder = new WebMRecorder(file, track.Kind);
        if (_running.TryAdd(track, (recorder, file)))
        {
            _all.Add((recorder, file));
            track.AddSink(recorder);
            told(file);
        }
    }
}
