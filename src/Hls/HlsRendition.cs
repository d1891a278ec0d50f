using Roomcast.Hls.Packaging;
using Roomcast.Hls.Playlists;

namespace Roomcast.Hls;

/// <summary>What readers see of one rendition. Thread-safe and free of locks, but for the first who asks for a text.</summary>
public sealed class HlsRendition
{
    private PlaylistState? _state;
    private TaskCompletionSource _nextPart = NewSource();
    private TaskCompletionSource _nextSegment = NewSource();

    internal HlsRendition(string name) => Name = name;

    /// <summary>Its name in addresses.</summary>
    public string Name { get; }

    internal PlaylistState? State => Volatile.Read(ref _state);

    /// <summary>The media playlist, as the delivery directives want it (rfc8216bis 6.2.5).</summary>
    public HlsAnswer<PlaylistText> GetPlaylist(in PlaylistQuery query)
    {
        // The sources are read first: whoever publishes after this completes them.
        var (nextPart, nextSegment) = (Volatile.Read(ref _nextPart), Volatile.Read(ref _nextSegment));
        if (State is not { } state)
        {
            return HlsAnswer<PlaylistText>.NotFound;
        }

        if (state.FindFault(query) is { } fault)
        {
            return HlsAnswer<PlaylistText>.Bad(fault);
        }

        return state.Satisfies(query)
            ? HlsAnswer<PlaylistText>.Ready(state.Render(query.WantsDelta))
            : HlsAnswer<PlaylistText>.Waiting(query.Part is null ? nextSegment.Task : nextPart.Task);
    }

    /// <summary>An initialisation section, a segment or a part; for the part that is hinted at, a task to wait for.</summary>
    /// <param name="name">The last step of its address.</param>
    public HlsAnswer<MediaPayload> GetMedia(ReadOnlySpan<char> name)
    {
        var nextPart = Volatile.Read(ref _nextPart);
        if (State is not { } state || !MediaName.TryParse(name, state.Header.RunTag, out var media))
        {
            return HlsAnswer<MediaPayload>.NotFound;
        }

        MediaPayload? payload = null;
        switch (media.Kind)
        {
            case MediaKind.Init:
                payload = state.Inits.GetValueOrDefault(media.Number);
                break;
            case MediaKind.Segment:
                payload = state.Find(media.Number)?.ToPayload();
                break;
            case MediaKind.Part when media.Number < state.NextMsn:
                payload = state.Find(media.Number)?.ToPayload(media.Part);
                break;
            case MediaKind.Part when media.Number == state.NextMsn && media.Part < state.NextPart:
                payload = new MediaPayload([state.Open!.Parts[media.Part].Bytes]);
                break;
            case MediaKind.Part when media.Number == state.NextMsn && media.Part == state.NextPart && !state.IsEnded:
                return HlsAnswer<MediaPayload>.Waiting(nextPart.Task);
            default:
                break;
        }

        return payload is null ? HlsAnswer<MediaPayload>.NotFound : HlsAnswer<MediaPayload>.Ready(payload);
    }

    internal void Show(PlaylistState? state)
    {
        var hasNewSegment = state is null || state.IsEnded || _state is null || state.NextMsn != _state.NextMsn;
        Volatile.Write(ref _state, state);
        Wake(hasNewSegment);
    }

    internal void Wake(bool withSegments)
    {
        var nextPart = Interlocked.Exchange(ref _nextPart, NewSource());
        nextPart.TrySetResult();
        if (withSegments)
        {
            Interlocked.Exchange(ref _nextSegment, NewSource()).TrySetResult();
        }
    }

    // Continuations must not run on the writer's thread: there may be thousands.
    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
