namespace Roomcast.Egress.Recording.Tracks;

/// <summary>The files of a track recording.</summary>
internal static class TrackFiles
{
    /// <summary>Packs what is in the folder.</summary>
    public static RecordedFiles Pack(RecordingRecord recording, string folder, CancellationToken cancellationToken) =>
        throw new RecordingFault("Nothing was recorded.");
}
