namespace Roomcast.Egress.Recording;

/// <summary>The folder in which recordings are written until they are where they belong.</summary>
internal sealed class RecordingFolder(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private string? _node;

    /// <summary>By which this server knows, among others on one database, the recordings on its own disk.</summary>
    /// <exception cref="RecordingFault">The folder cannot be written.</exception>
    public string Node => _node ??= ReadOrMakeNode();

    /// <summary>The folder of one recording.</summary>
    public string Of(RecordingId id) => Path.Combine(path, id.ToString());

    /// <summary>The fragments of a composite recording.</summary>
    public string FragmentsOf(RecordingId id) => Path.Combine(Of(id), "fragments.mp4");

    /// <summary>Makes the folder of one recording.</summary>
    /// <exception cref="RecordingFault">It cannot be made.</exception>
    public void Make(RecordingId id)
    {
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            Directory.CreateDirectory(Of(id), OwnerOnly);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw RecordingFile.Translate(fault);
        }
    }

    /// <summary>Whether no media of a recording is on the disk.</summary>
    public bool HoldsNothing(RecordingId id)
    {
        try
        {
            return !Directory.Exists(Of(id))
                || new DirectoryInfo(Of(id)).EnumerateFiles().All(file => file.Length == 0 || file.Name.StartsWith("watermark", StringComparison.Ordinal));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>When something was last written of a recording; null when nothing is there.</summary>
    public DateTimeOffset? LastWrittenAt(RecordingId id)
    {
        try
        {
            var times = Directory.Exists(Of(id))
                ? new DirectoryInfo(Of(id)).EnumerateFiles().Select(static file => new DateTimeOffset(file.LastWriteTimeUtc)).ToArray()
                : [];
            return times.Length == 0 ? null : times.Max();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Deletes the folder of one recording; what cannot be deleted stays.</summary>
    public void Delete(RecordingId id)
    {
        try
        {
            if (Directory.Exists(Of(id)))
            {
                Directory.Delete(Of(id), recursive: true);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It takes room and harms nothing.
        }
    }

    private string ReadOrMakeNode()
    {
        var file = Path.Combine(path, "node");
        try
        {
            Directory.CreateDirectory(path, OwnerOnly);
            if (File.Exists(file) && Guid.TryParseExact(File.ReadAllText(file).Trim(), "D", out var known))
            {
                return known.ToString("D");
            }

            var made = Guid.NewGuid().ToString("D");
            var temporary = $"{file}.tmp";
            File.WriteAllText(temporary, made);
            File.Move(temporary, file, overwrite: true);
            return made;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw RecordingFile.Translate(fault);
        }
    }
}
