namespace Roomcast.Egress.Recording;

/// <summary>What a reading of a capture found.</summary>
internal readonly record struct CaptureReading(bool HasMedia, bool HasEnded)
{
    /// <summary>Whether what is recorded has come to its own end.</summary>
    public bool IsOver { get; init; }
}

/// <summary>What takes media in and writes it to the disk: of one recording, driven by its loop.</summary>
internal interface ICapture : IAsyncDisposable
{
    /// <summary>How much is recorded, pauses left out.</summary>
    TimeSpan Recorded { get; }

    /// <summary>When that began, by the wall clock, where it began before there was anything to record; null otherwise, and while there is nothing.</summary>
    DateTimeOffset? BeganAt => null;

    /// <summary>Whether that grows with the clock just now, whether media comes or not; otherwise with the media alone.</summary>
    bool RunsByClock { get; }

    /// <summary>Frames lost because this reader was too slow.</summary>
    long DroppedFrames { get; }

    /// <summary>Messages of the session that were not recorded because there were too many.</summary>
    long DroppedMessages => 0;

    /// <summary>Why what is captured is no longer pushed to where it was to be, for its owner; null when it is, or was not to be.</summary>
    string? PushFault { get; }

    /// <summary>How long it may take until there is something to record.</summary>
    TimeSpan StartPatience => TimeSpan.FromSeconds(60);

    /// <summary>Waits until a reading may find something.</summary>
    ValueTask<bool> WaitAsync();

    /// <summary>Takes in what waits.</summary>
    /// <exception cref="RecordingFault">The disk does not take it.</exception>
    CaptureReading Read();

    /// <summary>Records nothing from now on.</summary>
    /// <exception cref="RecordingFault">The disk does not take what was not written yet.</exception>
    void Pause();

    /// <summary>Records again.</summary>
    void Resume();

    /// <summary>Writes what is not written yet, and closes the files.</summary>
    /// <exception cref="RecordingFault">The disk does not take it.</exception>
    void Close();
}
