using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Storage.Tests.Durability;

/// <summary>What goes wrong with disks and folders gives one clear error, and loses nothing.</summary>
public sealed class HostileDiskTests : IDisposable
{
    /// <summary>Takes root's power over permissions away; does nothing for other users, who have none.</summary>
    private static readonly string[] WithoutPrivilege = Environment.IsPrivilegedProcess
        ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search", "--"]
        : ["env"];

    private readonly TemporaryFolder _folder = new();

    private StorageOptions Options => new() { DataFolder = _folder.PathOf("data") };

    private string DatabaseFile => _folder.PathOf("data", Database.SqliteFileName);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_full_disk_is_told_of_loses_nothing_and_goes_on_when_there_is_space()
    {
        using var writer = WriterProcess.Start("fill", Options, OnSmallDisk(_folder.PathOf("data"), "size=4m"));
        await writer.ExpectAsync("opening");
        await writer.ExpectAsync("open");

        var failed = await writer.ReadLineAsync();
        Assert.StartsWith($"failed DiskFull The disk that holds {DatabaseFile} is full.", failed, StringComparison.Ordinal);
        await writer.ExpectAsync("key failed DiskFull");
        await writer.ExpectAsync("key files 0");
        await writer.ExpectAsync("kept 0");
        await writer.ExpectAsync("recovered 2");
        Assert.Empty(await writer.WaitForEndAsync());
    }

    [Fact]
    public async Task A_disk_that_is_full_from_the_beginning_is_told_of()
    {
        using var writer = WriterProcess.Start("hold", Options, OnSmallDisk(_folder.PathOf("data"), "size=16k"));

        Assert.StartsWith("failed DiskFull ", await ReadFailureAsync(writer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_disk_is_told_of()
    {
        using var writer = WriterProcess.Start("hold", Options, OnSmallDisk(_folder.PathOf("data"), "ro,size=1m"));

        var failed = await ReadFailureAsync(writer);
        Assert.StartsWith($"failed AccessDenied {_folder.PathOf("data")} ", failed, StringComparison.Ordinal);
        Assert.Contains("read-only", failed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_may_not_be_written_is_told_of()
    {
        Directory.CreateDirectory(_folder.PathOf("data"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using var writer = WriterProcess.Start("hold", Options, WithoutPrivilege);

        var failed = await ReadFailureAsync(writer);
        Assert.StartsWith(
            $"failed AccessDenied {_folder.PathOf("data")} cannot be written by user {Environment.UserName}.",
            failed,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_may_not_be_written_is_told_of()
    {
        await OpenAndCloseAsync();
        File.SetUnixFileMode(DatabaseFile, UnixFileMode.UserRead);
        using var writer = WriterProcess.Start("hold", Options, WithoutPrivilege);

        Assert.StartsWith($"failed AccessDenied {DatabaseFile} ", await ReadFailureAsync(writer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_in_the_place_of_the_folder_is_told_of()
    {
        await File.WriteAllTextAsync(_folder.PathOf("data"), "not a folder");

        var fault = await AssertRefusedAsync(StorageFailure.AccessDenied);
        Assert.Contains(_folder.PathOf("data"), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_servers_cannot_use_one_folder()
    {
        using var first = WriterProcess.Start("hold", Options);
        await first.ExpectAsync("opening");
        await first.ExpectAsync("open");

        var fault = await AssertRefusedAsync(StorageFailure.InUse);
        Assert.Matches(@"in use by another server \(process \d+\)", fault.Message);

        // The lock dies with the process, however it dies.
        first.Kill();
        Assert.Empty(await first.FinishAsync());
        await OpenAndCloseAsync();
    }

    [Fact]
    public async Task Two_databases_in_one_process_cannot_use_one_folder()
    {
        await using var first = TestDatabase.Open(Options);
        await first.OpenAsync(CancellationToken.None);

        await AssertRefusedAsync(StorageFailure.InUse);

        await first.DisposeAsync();
        await OpenAndCloseAsync();
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_as_it_is()
    {
        Directory.CreateDirectory(_folder.PathOf("data"));
        var bytes = new byte[10_000];
        Array.Fill(bytes, (byte)'x');
        await File.WriteAllBytesAsync(DatabaseFile, bytes);

        var fault = await AssertRefusedAsync(StorageFailure.Corrupted);

        Assert.Contains(DatabaseFile, fault.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(DatabaseFile));
    }

    [Fact]
    public async Task A_damaged_database_is_refused_and_left_as_it_is()
    {
        await using (var database = TestDatabase.Open(Options))
        {
            await database.OpenAsync(CancellationToken.None);
            for (var i = 0; i < 200; i++)
            {
                await Writer.Rows.InsertAsync(database, $"{i}", new string('x', 500));
            }
        }

        // A page of a table, deep in the file, is overwritten.
        var bytes = await File.ReadAllBytesAsync(DatabaseFile);
        Array.Fill(bytes, (byte)0xA5, bytes.Length - 8_192, 4_096);
        await File.WriteAllBytesAsync(DatabaseFile, bytes);

        await AssertRefusedAsync(StorageFailure.Corrupted);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(DatabaseFile));
    }

    [Fact]
    public async Task A_database_cut_short_is_refused_and_left_as_it_is()
    {
        await OpenAndCloseAsync();
        var bytes = await File.ReadAllBytesAsync(DatabaseFile);
        await File.WriteAllBytesAsync(DatabaseFile, bytes[..(bytes.Length / 2)]);

        await AssertRefusedAsync(StorageFailure.Corrupted);
        Assert.Equal(bytes.Length / 2, new FileInfo(DatabaseFile).Length);
    }

    [Fact]
    public async Task A_log_without_its_database_is_refused_and_left_as_it_is()
    {
        using (var writer = WriterProcess.Start("write", Options))
        {
            await writer.ExpectAsync("opening");
            await writer.ExpectAsync("open");
            for (var i = 0; i < 20; i++)
            {
                await writer.ReadLineAsync();
            }

            writer.Kill();
            await writer.WaitForEndAsync();
        }

        File.Delete(DatabaseFile);
        var log = await File.ReadAllBytesAsync(DatabaseFile + "-wal");

        await AssertRefusedAsync(StorageFailure.Corrupted);
        Assert.Equal(log, await File.ReadAllBytesAsync(DatabaseFile + "-wal"));
        Assert.False(File.Exists(DatabaseFile));
    }

    [Fact]
    public async Task Only_the_owner_may_read_what_is_stored()
    {
        await using var database = TestDatabase.Open(Options);
        await database.OpenAsync(CancellationToken.None);
        await Writer.Rows.InsertAsync(database, "row");

        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Assert.Equal(ownerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.PathOf("data")));
        var files = Directory.GetFiles(_folder.PathOf("data"));
        Assert.Contains(DatabaseFile + "-wal", files);
        Assert.All(files, file => Assert.Equal(ownerOnly, File.GetUnixFileMode(file)));
    }

    /// <summary>A disk of its own for the process, gone with it: a mount that no other process sees.</summary>
    private static string[] OnSmallDisk(string folder, string mountOptions)
    {
        Directory.CreateDirectory(folder);
        const string script = """
            mount -t tmpfs -o "$2" tmpfs "$1" ||
                { echo "These tests mount a small disk: run them as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)."; exit 2; }
            shift 2
            exec "$@"
            """;
        var unshare = Environment.IsPrivilegedProcess ? "--mount" : "--map-root-user";
        return ["unshare", unshare, "--mount", "sh", "-c", script, "sh", folder, mountOptions];
    }

    private static async Task<string> ReadFailureAsync(WriterProcess writer)
    {
        await writer.ExpectAsync("opening");
        return Assert.Single(await writer.FinishAsync());
    }

    private async Task<StorageException> AssertRefusedAsync(StorageFailure failure)
    {
        await using var database = TestDatabase.Open(Options);
        var fault = await Assert.ThrowsAsync<StorageException>(() => database.OpenAsync(CancellationToken.None));
        Assert.Equal(failure, fault.Failure);
        return fault;
    }

    private async Task OpenAndCloseAsync()
    {
        await using var database = TestDatabase.Open(Options);
        await database.OpenAsync(CancellationToken.None);
    }
}
