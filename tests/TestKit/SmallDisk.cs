using System.Diagnostics;

namespace Roomcast.TestKit;

/// <summary>A real file system of a few kilobytes, in memory, to run out of space on. Mounting one takes root.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Where it is mounted.</summary>
    public string Path => _folder.Path;

    /// <summary>Mounts one.</summary>
    public static SmallDisk Mount(int sizeKiB)
    {
        var disk = new SmallDisk();
        Run("mount", "-t", "tmpfs", "-o", $"size={sizeKiB}k", "tmpfs", disk.Path);
        return disk;
    }

    /// <summary>Takes all space that is left.</summary>
    public void Fill()
    {
        using var file = File.Create(System.IO.Path.Combine(Path, "filler"));
        try
        {
            while (true)
            {
                file.Write(new byte[4_096]);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives it another size.</summary>
    public void Grow(int sizeKiB) => Run("mount", "-o", $"remount,size={sizeKiB}k", Path);

    /// <inheritdoc/>
    public void Dispose()
    {
        Run("umount", "-l", Path);
        _folder.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        // sudo is for those who run the tests without being root; it must not ask.
        var isRoot = Environment.UserName == "root";
        using var process = Process.Start(new ProcessStartInfo(isRoot ? program : "sudo", isRoot ? arguments : ["-n", program, .. arguments]) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{program} failed: {errors.Trim()} These tests mount a small tmpfs: run them as root, with sudo that asks no password, or under 'unshare --user --map-root-user --mount'.");
        }
    }
}
