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
        using var file = new RecordingFile(path, 0, _metrics, _ =>
        {
            Interlocked.Increment(ref syncs);
            disk.Wait();
        });
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
        await RecordingHost.UntilAsync(() => Volatile.Read(ref syncs) == 2, "the end goes to the disk beside the pieces");
        Assert.False(finishing.IsCompleted);
        disk.Release(8);
        await finishing;
        await RecordingHost.UntilAsync(() => Volatile.Read(ref syncs) == 3, "pieces that came meanwhile went at once");
        Assert.Equal([9, 1, 2, 2, 3, 3], await ReadAsync(path));
    }

    [Fact]
    public async Task What_the_disk_did_not_take_is_told_with_the_next_piece_and_at_the_end()
    {
        var failed = 0;
        using var file = new RecordingFile(_folder.PathOf("full"), 0, _metrics, _ =>
        {
            Interlocked.Increment(ref failed);
            throw new IOException("No space left on device", NoSpace);
        });
        file.Append([1]);
        await RecordingHost.UntilAsync(() => Volatile.Read(ref failed) == 1, "it went to the disk");
        var fault = await ThrownAsync(() => file.Append([2]));
        Assert.Contains("full", fault.Message, StringComparison.Ordinal);
        Assert.Equal(fault.Message, Assert.Throws<RecordingFault>(file.Finish).Message);
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
