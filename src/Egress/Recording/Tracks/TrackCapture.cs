using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Recording.Tracks;

/// <summary>Records each track of a session for itself.</summary>
internal static class TrackCapture
{
    public static Task<ICapture> OpenAsync(
        RecordingRecord record, ICompositionSource source, RecordingParts parts, RecordingOptions options, CancellationToken cancellationToken) =>
        throw new RecordingFault("This server records no single tracks.");
}
