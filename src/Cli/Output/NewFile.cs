namespace Roomcast.Cli.Output;

/// <summary>Files that are written and replace none.</summary>
internal static class NewFile
{
    private const int MostTries = 10_000;

    /// <summary>Makes a file: of this name, or where there is one with the next number that is free, as in <c>film-2.mp4</c>.</summary>
    /// <exception cref="IOException">It cannot be made, or too many are there.</exception>
    public static FileStream Create(string path)
    {
        var (folder, name, extension) = (Path.GetDirectoryName(path) ?? "", Path.GetFileNameWithoutExtension(path), Path.GetExtension(path));
        for (var number = 1; ; number++)
        {
            var candidate = number == 1 ? path : Path.Combine(folder, $"{name}-{number}{extension}");
            try
            {
                return new FileStream(candidate, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            }
            catch (IOException) when (number < MostTries && (File.Exists(candidate) || Directory.Exists(candidate)))
            {
                // Taken.
            }
        }
    }
}
