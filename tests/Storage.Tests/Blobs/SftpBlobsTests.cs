using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Sftp;

namespace Roomcast.Storage.Tests.Blobs;

/// <summary>Against OpenSSH's server.</summary>
public sealed class SftpBlobsTests : IAsyncLifetime, IDisposable
{
    private const int Length = 60_000_000;

    private readonly BlobSource _files = new();
    private readonly BlobName _name = BlobName.Of(Guid.NewGuid(), "weekly_1.mp4");
    private SftpServer _server = null!;

    public async Task InitializeAsync() => _server = await SftpServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(20_000_001)]
    public async Task A_file_is_stored_in_a_folder_that_is_made_and_storing_again_replaces_it(int length)
    {
        using var storage = Open(_server.Target);
        foreach (var size in new[] { length, length + 7, 3 })
        {
            var (file, content) = _files.Make(size);
            await storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
            Assert.True(File.Exists(file));
            Assert.Equal(content, await File.ReadAllBytesAsync(Assert.Single(_server.Files, stored => stored.Key == _name.ToString()).Value));
            Assert.Single(_server.Files);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    public async Task A_folder_without_a_slash_counts_from_where_the_login_leads_and_a_password_opens_it_too(string folder)
    {
        using var storage = Open(_server.Target with { PrivateKey = null, Password = SftpServer.Password, Folder = folder, HostKeyFingerprint = _server.Fingerprint });
        var (file, content) = _files.Make(1_000);
        await storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
        Assert.Equal(content, await File.ReadAllBytesAsync(Path.Combine(_server.Home, folder, _name.ToString())));
    }

    [Fact]
    public async Task An_upload_goes_on_when_the_server_was_away()
    {
        var (file, content) = _files.Make(Length);
        var logger = new CountingLogger();
        var target = _server.Target;
        _server.Kill();
        using var storage = target.Open(TimeProvider.System, logger);
        var storing = storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
        await logger.WaitForAsync(2);
        Assert.False(storing.IsCompleted);
        await _server.StartAgainAsync();
        await storing;
        Assert.Equal(content, await File.ReadAllBytesAsync(_server.Files[_name.ToString()]));
    }

    [Fact]
    public async Task Pieces_that_were_written_before_a_connection_broke_are_not_written_again()
    {
        await using var relay = CuttableProxy.Start(_server.Port);
        using var storage = Open(_server.Target with { Port = relay.Port });
        var (file, content) = _files.Make(Length);
        relay.CutAfter(Length * 2 / 3);
        var storing = storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
        while (relay.Refused == 0 && !storing.IsCompleted)
        {
            await Task.Delay(20);
        }

        Assert.False(storing.IsCompleted);
        Assert.DoesNotContain(_name.ToString(), _server.Files.Keys);
        relay.Mend();
        await storing;
        Assert.Equal(content, await File.ReadAllBytesAsync(Assert.Single(_server.Files).Value));

        // What was on its way in eight pieces, and what the protocol adds; from the beginning it were two thirds more.
        Assert.InRange(relay.Sent, Length, Length + (Length / 3));
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up_and_asked_again()
    {
        await using var relay = CuttableProxy.Start(_server.Port);
        var clock = new ManualClock();
        var logger = new CountingLogger();
        using var storage = (_server.Target with { Port = relay.Port }).Open(clock, logger);
        var (file, content) = _files.Make(Length);
        relay.HoldAfter(Length / 2);
        var storing = storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
        while (logger.Lines.IsEmpty)
        {
            Assert.False(storing.IsCompleted);
            if (relay.Sent > Length / 2)
            {
                clock.Advance(TimeSpan.FromSeconds(10));
            }

            await Task.Delay(20);
        }

        relay.Mend();
        while (!storing.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Delay(20);
        }

        await storing;
        Assert.Equal(content, await File.ReadAllBytesAsync(Assert.Single(_server.Files).Value));
    }

    [Fact]
    public async Task Nothing_is_left_of_what_was_cancelled()
    {
        await using var relay = CuttableProxy.Start(_server.Port);
        using var storage = Open(_server.Target with { Port = relay.Port });
        var (file, _) = _files.Make(Length);
        using var given = new CancellationTokenSource();
        var storing = storage.StoreAsync(_name, file, "video/mp4", given.Token);
        while (relay.Sent < Length / 10)
        {
            Assert.False(storing.IsCompleted);
            await Task.Delay(1);
        }

        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => storing);
        Assert.Empty(_server.Files);
    }

    [Fact]
    public async Task What_will_never_do_is_refused_at_once_without_a_secret_in_the_words()
    {
        var (file, _) = _files.Make(10);
        await File.WriteAllTextAsync(Path.Combine(_server.Home, "file"), "");
        using var other = new TemporaryFolder();
        foreach (var (target, word) in new[]
        {
            (_server.Target with { PrivateKey = null, Password = "falsch" }, "login"),
            (_server.Target with { UserName = "nobody-of-that-name" }, "login"),
            (_server.Target with { Folder = "/proc/none" }, "refuses"),
            (_server.Target with { Folder = $"{_server.Home}/file/none" }, "refuses"),
            (_server.Target with { HostKeyFingerprint = SftpTarget.FingerprintStart + new string('A', 43) }, "host key"),
            (_server.Target with { IsPublicOnly = true }, "public"),
            (_server.Target with { IsPublicOnly = true, Host = "localhost" }, "public"),
        })
        {
            using var storage = Open(target);
            var fault = await Assert.ThrowsAsync<BlobException>(() => storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None));
            Assert.Equal((BlobFailure.Refused, false), (fault.Failure, fault.IsWorthRetrying));
            Assert.Contains(word, fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("falsch", $"{fault}{target}", StringComparison.Ordinal);
            Assert.DoesNotContain("PRIVATE KEY", $"{fault}{target}", StringComparison.Ordinal);
        }

        Assert.Empty(_server.Files);
        using var open = Open(_server.Target);
        var missing = await Assert.ThrowsAsync<BlobException>(() => open.StoreAsync(_name, "/none", "video/mp4", CancellationToken.None));
        Assert.Equal(BlobFailure.NoFile, missing.Failure);
    }

    [Fact]
    public async Task A_disk_that_is_full_there_is_told_apart()
    {
        using var disk = SmallDisk.Mount(sizeKiB: 2_000);
        await using var server = await SftpServer.StartAsync();
        using var storage = Open(server.Target with { Folder = disk.Path });
        var (file, _) = _files.Make(5_000_000);
        var fault = await Assert.ThrowsAsync<BlobException>(() => storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None));
        Assert.Equal(BlobFailure.NoRoom, fault.Failure);
        Assert.Empty(Directory.EnumerateFiles(disk.Path, "*", SearchOption.AllDirectories));
    }

    private static IOpenStorage Open(SftpTarget target) => target.Open(TimeProvider.System, NullLogger.Instance);
}
