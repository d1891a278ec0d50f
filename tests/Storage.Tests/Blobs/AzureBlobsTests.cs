using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.TestKit.Azure;
using Roomcast.TestKit.Network;

namespace Roomcast.Storage.Tests.Blobs;

/// <summary>Against Microsoft's own server for tests, which checks signatures.</summary>
public sealed class AzureBlobsTests : IAsyncLifetime, IDisposable
{
    private const int BlockLength = 8 << 20;

    private readonly BlobSource _files = new();
    private AzureServer _server = null!;

    public async Task InitializeAsync() => _server = await AzureServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(20_000_001)]
    public async Task A_file_is_stored_in_one_piece_or_in_blocks_and_storing_again_replaces_it(int length)
    {
        using var storage = Open(_server.Target);
        var name = BlobName.Of(Guid.NewGuid(), "weekly_1.mp4");
        foreach (var size in new[] { length, length + 7, 3 })
        {
            var (file, content) = _files.Make(size);
            await storage.StoreAsync(name, file, "video/mp4", CancellationToken.None);
            Assert.True(File.Exists(file));
            Assert.Equal([$"team/{name}"], await _server.NamesAsync());
            var stored = await _server.ReadAsync($"team/{name}");
            Assert.Equal("video/mp4", stored.ContentType);
            Assert.Equal(content, stored.Content);
        }
    }

    [Fact]
    public async Task An_upload_goes_on_when_the_server_was_away()
    {
        var (file, content) = _files.Make(30_000_000);
        var name = BlobName.Of(Guid.NewGuid(), "a.mp4");
        await _server.StopAsync();
        var logger = new CountingLogger();
        using var storage = _server.Target.Open(TimeProvider.System, logger);
        var storing = storage.StoreAsync(name, file, "video/mp4", CancellationToken.None);
        await logger.WaitForAsync(2);
        Assert.False(storing.IsCompleted);
        await _server.StartAgainAsync();
        await storing;
        Assert.Equal(content, (await _server.ReadAsync($"team/{name}")).Content);
    }

    [Fact]
    public async Task A_block_whose_connection_breaks_goes_up_again_without_those_before_it()
    {
        const int Length = 30_000_000;
        await using var relay = CuttableProxy.Start(_server.Port);
        using var storage = Open(Through(relay));
        var (file, content) = _files.Make(Length);
        var name = BlobName.Of(Guid.NewGuid(), "a.mp4");
        relay.CutAfter(BlockLength * 3 / 2);
        var storing = storage.StoreAsync(name, file, "video/mp4", CancellationToken.None);
        while (relay.Refused == 0 && !storing.IsCompleted)
        {
            await Task.Delay(20);
        }

        Assert.False(storing.IsCompleted);
        Assert.Empty(await _server.NamesAsync());
        relay.Mend();
        await storing;
        Assert.Equal(content, (await _server.ReadAsync($"team/{name}")).Content);

        // Half a block too much was sent; with the first one again it were one and a half.
        Assert.InRange(relay.Sent, Length + (BlockLength / 4), Length + BlockLength);
    }

    [Fact]
    public async Task Another_attempt_sends_only_the_blocks_that_are_not_there_yet_and_none_of_another_file()
    {
        const int Length = 30_000_000;
        await using var relay = CuttableProxy.Start(_server.Port);
        var (file, content) = _files.Make(Length);
        var name = BlobName.Of(Guid.NewGuid(), "a.mp4");
        relay.CutAfter(BlockLength * 5 / 2);
        using (var first = Open(Through(relay)))
        using (var given = new CancellationTokenSource())
        {
            var storing = first.StoreAsync(name, file, "video/mp4", given.Token);
            while (relay.Refused == 0 && !storing.IsCompleted)
            {
                await Task.Delay(20);
            }

            await given.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => storing);
        }

        Assert.Empty(await _server.NamesAsync());
        relay.Mend();
        var before = relay.Sent;
        using var second = Open(Through(relay));
        await second.StoreAsync(name, file, "video/mp4", CancellationToken.None);
        Assert.Equal(content, (await _server.ReadAsync($"team/{name}")).Content);
        Assert.InRange(relay.Sent - before, Length - (2 * BlockLength), Length - BlockLength);
    }

    [Fact]
    public async Task What_will_never_do_is_refused_at_once_without_a_key_in_the_words()
    {
        var (file, _) = _files.Make(10);
        var (large, _) = _files.Make(BlockLength + 1);
        var name = BlobName.Of(Guid.NewGuid(), "a.mp4");
        var wrong = Convert.ToBase64String("falsch-falsch-falsch"u8);
        foreach (var target in new[]
        {
            _server.Target with { Key = wrong },
            _server.Target with { Container = "no-such-container" },
            _server.Target with { IsPublicOnly = true },
        })
        {
            using var storage = Open(target);
            foreach (var each in new[] { file, large })
            {
                var fault = await Assert.ThrowsAsync<BlobException>(() => storage.StoreAsync(name, each, "video/mp4", CancellationToken.None));
                Assert.Equal((BlobFailure.Refused, false), (fault.Failure, fault.IsWorthRetrying));
                Assert.DoesNotContain(wrong, $"{fault}{target}", StringComparison.Ordinal);
                Assert.DoesNotContain(AzureServer.Key, $"{fault}{target}", StringComparison.Ordinal);
            }
        }

        Assert.Empty(await _server.NamesAsync());
        using var open = Open(_server.Target);
        var missing = await Assert.ThrowsAsync<BlobException>(() => open.StoreAsync(name, "/none", "video/mp4", CancellationToken.None));
        Assert.Equal(BlobFailure.NoFile, missing.Failure);
    }

    private AzureTarget Through(CuttableProxy relay) =>
        _server.Target with { Endpoint = $"http://127.0.0.1:{relay.Port}/{AzureServer.Account}" };

    private static IOpenStorage Open(AzureTarget target) => target.Open(TimeProvider.System, NullLogger.Instance);
}
