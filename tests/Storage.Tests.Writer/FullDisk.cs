using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Keys;

namespace Roomcast.Storage.Tests.Writer;

/// <summary>What a server does on a disk that fills up, and after space was made.</summary>
internal static class FullDisk
{
    public static async Task TryAsync(Database database, StorageOptions options, Action<string> say)
    {
        var keys = new KeyFiles(new OptionsWrapper<StorageOptions>(options), NullLogger<KeyFiles>.Instance);
        var ballast = Path.Combine(options.DataFolder, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[1 << 20]);

        var acknowledged = 0;
        try
        {
            while (true)
            {
                await Rows.InsertAsync(database, Guid.NewGuid().ToString("N"), new string('x', 30_000));
                acknowledged += 2;
            }
        }
        catch (StorageException e)
        {
            say($"failed {e.Failure} {e.Message}");
        }

        var filler = Path.Combine(options.DataFolder, "filler");
        FillUp(filler);
        try
        {
            keys.GetOrCreate("too-late", 1_024);
        }
        catch (StorageException e)
        {
            say($"key failed {e.Failure}");
            say($"key files {Directory.GetFiles(Path.Combine(options.DataFolder, "keys")).Length}");
        }

        say($"kept {await Rows.CountAsync(database) - acknowledged}");

        File.Delete(ballast);
        File.Delete(filler);
        await Rows.InsertAsync(database, Guid.NewGuid().ToString("N"));
        keys.GetOrCreate("in-time", 1_024);
        say($"recovered {await Rows.CountAsync(database) - acknowledged}");
    }

    private static void FillUp(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            var block = new byte[512];
            while (true)
            {
                stream.Write(block);
            }
        }
        catch (IOException)
        {
            // Not a byte is left.
        }
    }
}
