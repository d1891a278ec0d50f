namespace Roomcast.Egress.Recording;

/// <summary>What moves a recording from state to state.</summary>
internal enum RecordingInput
{
    /// <summary>The first frame is recorded.</summary>
    FirstFrame,

    /// <summary>Pause was asked for.</summary>
    Pause,

    /// <summary>Resume was asked for.</summary>
    Resume,

    /// <summary>Stop was asked for, or the time for it has come.</summary>
    Stop,

    /// <summary>All files are where they belong.</summary>
    Stored,

    /// <summary>A fault that cannot be mended.</summary>
    Fail,
}

/// <summary>The states of a recording and what leads from one to the other.</summary>
internal static class RecordingLifecycle
{
    /// <summary>Where an input leads; null when it means nothing in this state, which for a request is a conflict.</summary>
    public static RecordingStatus? Next(RecordingStatus status, RecordingInput input) => (status, input) switch
    {
        (RecordingStatus.Invoked, RecordingInput.FirstFrame) => RecordingStatus.Recording,
        (RecordingStatus.Recording, RecordingInput.Pause) => RecordingStatus.Paused,
        (RecordingStatus.Paused, RecordingInput.Resume) => RecordingStatus.Recording,
        (RecordingStatus.Invoked or RecordingStatus.Recording or RecordingStatus.Paused, RecordingInput.Stop) => RecordingStatus.Uploading,
        (RecordingStatus.Uploading, RecordingInput.Stored) => RecordingStatus.Uploaded,
        (not (RecordingStatus.Uploaded or RecordingStatus.Errored), RecordingInput.Fail) => RecordingStatus.Errored,
        _ => null,
    };
}
