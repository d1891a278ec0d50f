using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.TestKit;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>The file of a recording on a disk that is slow, or fails.</summary>
public sealed class RecordingFileTests : IDisposable
{
    private const int NoSpace = 28; // ENOSPC

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly RecordingMetrics _metrics;

    public RecordingFileTests() => _metrics = new RecordingMetrics(_services.GetRequiredService<IMeterFactory>());

    public void Dispose()
    {
        _metrics.Dispose();
        _services.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_slow_disk_holds_up_nobody_and_is_waited_for_at_the_end()
    {
        using var disk = new SemaphoreSlim(0);
        var syncs = 0;
        var path = _folder.PathOf("slow");
        using var file = new RecordingFile(path, new RecordingDisk(_metrics, 0, _ =>
        {
            Interlocked.Increment(ref syncs);
            disk.Wait();
        }));
        file.Append([1, 1]);
        await RecordingHost.UntilAsync(() => Volatile.Read(ref syncs) == 1, "the first piece goes to the disk");
        file.Append([2, 2]);
        file.Append([3, 3]);

        // Somebody else, say the next process, finds all of it while not one piece is on the disk.
        Assert.Equal([1, 1, 2, 2, 3, 3], await ReadAsync(path));
        Assert.Equal(6, file.Length);
        var finishing = Task.Run(() =>
        {
            file.Replace([9]);
            file.Finish();
        });
        Assert.NotSame(finishing, await Task.WhenAny(finishing, Task.Delay(50)));
        Assert.Equal(1, Volatile.Read(ref syncs));
        disk.Release(8);
        await finishing;

        // The two pieces that came meanwhile went together, and the end by itself.
        await RecordingHost.UntilAsync(() => Volatile.Read(ref syncs) == 3, "all went to the disk");
        Assert.Equal([9, 1, 2, 2, 3, 3], await ReadAsync(path));
    }

    [Fact]
    public async Task What_the_disk_did_not_take_is_told_with_the_next_piece_and_at_the_end()
    {
        var failed = 0;
        using var file = new RecordingFile(_folder.PathOf("full"), new RecordingDisk(_metrics, 0, _ =>
        {
            Interlocked.Increment(ref failed);
            throw new IOException("No space left on device", NoSpace);
        }));
        file.Append([1]);
        await RecordingHost.UntilAsync(() => Volatile.Read(ref failed) == 1, "it went to the disk");
        var fault = await ThrownAsync(() => file.Append([2]));
        Assert.Contains("full", fault.Message, StringComparison.Ordinal);
        Assert.Equal(fault.Message, Assert.Throws<RecordingFault>(file.Finish).Message);
    }

    [Fact]
    public async Task A_fault_that_was_told_while_the_end_waited_is_the_ends_too()
    {
        using var first = new SemaphoreSlim(0);
        var syncs = 0;
        using var file = new RecordingFile(_folder.PathOf("late"), new RecordingDisk(_metrics, 0, _ =>
        {
            // As the system does: the fault of a write is told once, and then all is well.
            if (Interlocked.Increment(ref syncs) == 1)
            {
                first.Wait();
                throw new IOException("Input/output error");
            }
        }));
        file.Append([1]);
        await RecordingHost.UntilAsync(() => Volatile.Read(ref syncs) == 1, "it goes to the disk");
        var finishing = Task.Run(file.Finish);
        first.Release();

        // What the system says of it is not for the recording's owner: it may name a path.
        var fault = await Assert.ThrowsAsync<RecordingFault>(() => finishing);
        Assert.Equal("The disk of the server cannot be written.", fault.Message);
        Assert.Contains("Input/output error", fault.InnerException!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_disk_takes_one_thread_however_many_files_there_are()
    {
        using var disk = new SemaphoreSlim(0);
        var (now, most, all) = (0, 0, 0);
        var recordings = new RecordingDisk(_metrics, 0, _ =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            Interlocked.Increment(ref all);
            disk.Wait();
            Interlocked.Decrement(ref now);
        });
        var files = Enumerable.Range(0, 20).Select(i => new RecordingFile(_folder.PathOf($"{i}"), recordings)).ToList();
        foreach (var file in files)
        {
            file.Append([1]);
            file.Append([2]);
        }

        disk.Release(files.Count * 2);
        await RecordingHost.UntilAsync(() => Volatile.Read(ref all) >= files.Count && Volatile.Read(ref now) == 0, "all are on the disk");
        Assert.Equal(1, most);
        files.ForEach(file => file.Dispose());
    }

    // The fault is noted a moment after it was thrown.
    private static async Task<RecordingFault> ThrownAsync(Action act)
    {
        RecordingFault? fault = null;
        await RecordingHost.UntilAsync(() => (fault = Record.Exception(act) as RecordingFault) is not null, "the fault is told");
        return fault!;
    }

    private static async Task<byte[]> ReadAsync(string path)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        return all.ToArray();
    }
}
