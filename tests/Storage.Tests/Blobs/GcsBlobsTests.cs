using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit.Gcs;
using Roomcast.TestKit.Network;

namespace Roomcast.Storage.Tests.Blobs;

/// <summary>Against a server that takes what Google documents strictly.</summary>
public sealed class GcsBlobsTests : IAsyncLifetime, IDisposable
{
    private const int ChunkLength = 8 << 20;
    private const int Length = 30_000_000;

    private readonly BlobSource _files = new();
    private readonly BlobName _name = BlobName.Of(Guid.NewGuid(), "weekly_1.mp4");
    private GcsServer _server = null!;

    public async Task InitializeAsync() => _server = await GcsServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(ChunkLength)]
    [InlineData(20_000_001)]
    public async Task A_file_is_stored_in_chunks_with_one_token_and_storing_again_replaces_it(int length)
    {
        using var storage = Open(_server.Target);
        foreach (var size in new[] { length, length + 7, 3 })
        {
            var (file, content) = _files.Make(size);
            await storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
            Assert.True(File.Exists(file));
            var stored = Assert.Single(_server.Objects);
            Assert.Equal($"team/{_name}", stored.Key);
            Assert.Equal("video/mp4", stored.Value.ContentType);
            Assert.Equal(content, stored.Value.Content);
        }

        Assert.Equal((1, 0), (_server.TokensGiven, _server.OpenUploads));
        Assert.Empty(_server.Complaints);
    }

    [Fact]
    public async Task An_upload_goes_on_when_the_server_was_away()
    {
        var (file, content) = _files.Make(Length);
        var logger = new CountingLogger();
        await _server.StopAsync();
        using var storage = _server.Target.Open(TimeProvider.System, logger);
        var storing = storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
        await logger.WaitForAsync(2);
        Assert.False(storing.IsCompleted);
        await _server.StartAgainAsync();
        await storing;
        Assert.Equal(content, _server.Objects[$"team/{_name}"].Content);
        Assert.Empty(_server.Complaints);
        Assert.DoesNotContain(logger.Lines, line => line.Contains("PRIVATE KEY", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_chunk_whose_connection_breaks_goes_on_where_the_server_has_it()
    {
        await using var relay = CuttableProxy.Start(_server.Port);
        using var storage = Open(_server.Target with { Endpoint = $"http://127.0.0.1:{relay.Port}" });
        var (file, content) = _files.Make(Length);
        relay.CutAfter(ChunkLength * 3 / 2);
        var storing = storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
        while (relay.Refused == 0 && !storing.IsCompleted)
        {
            await Task.Delay(20);
        }

        Assert.False(storing.IsCompleted);
        Assert.Empty(_server.Objects);
        relay.Mend();
        await storing;
        Assert.Equal(content, _server.Objects[$"team/{_name}"].Content);
        Assert.Empty(_server.Complaints);

        // Half a chunk too much was sent at most, of which the server may have kept some; from the beginning it were one and a half.
        Assert.InRange(relay.Sent, Length, Length + ChunkLength);
    }

    [Fact]
    public async Task Of_a_chunk_that_was_taken_in_part_the_rest_is_sent_and_a_forgotten_upload_begins_again()
    {
        using var storage = Open(_server.Target);
        var (file, content) = _files.Make(Length);
        _server.KeepsOnly.Enqueue(3 << 20);
        _server.KeepsOnly.Enqueue(0);
        await storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None);
        Assert.Equal(content, _server.Objects[$"team/{_name}"].Content);
        Assert.Empty(_server.Complaints);

        var logger = new CountingLogger();
        using var other = _server.Target.Open(TimeProvider.System, logger);
        _server.KeepsOnly.Enqueue(3 << 20);
        _server.KeepsOnly.Enqueue(0);
        var storing = other.StoreAsync(BlobName.Of(_name.Shelf, "b.mp4"), file, "video/mp4", CancellationToken.None);
        await logger.WaitForAsync(1);
        _server.ForgetUploads();
        await storing;
        Assert.Equal(content, _server.Objects[$"team/{_name.Shelf}/b.mp4"].Content);
        Assert.Empty(_server.Complaints);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public async Task A_server_that_has_all_and_does_not_end_is_given_up(int length)
    {
        _server.NeverEnds = true;
        using var storage = _server.Target.Open(new ImpatientClock(), NullLogger.Instance);
        var (file, _) = _files.Make(length);
        var fault = await Assert.ThrowsAsync<BlobException>(() => storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None));
        Assert.Equal(BlobFailure.Unreachable, fault.Failure);
        Assert.Empty(_server.Objects);
    }

    [Fact]
    public async Task A_server_that_takes_a_byte_at_a_time_is_given_up()
    {
        using var storage = _server.Target.Open(new ImpatientClock(), NullLogger.Instance);
        var (file, _) = _files.Make(Length);
        for (var taken = 0; taken < 100; taken++)
        {
            _server.KeepsOnly.Enqueue(1);
        }

        var fault = await Assert.ThrowsAsync<BlobException>(() => storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None));
        Assert.Equal(BlobFailure.Unreachable, fault.Failure);
        Assert.NotEmpty(_server.KeepsOnly);
    }

    [Fact]
    public void A_key_that_signs_nothing_is_no_key()
    {
        using var key = System.Security.Cryptography.RSA.Create(2_048);
        var credentials = System.Text.Json.Nodes.JsonNode.Parse(_server.Credentials)!;
        credentials["private_key"] = key.ExportSubjectPublicKeyInfoPem();
        Assert.Null(GcsTarget.Read(credentials.ToJsonString(), _server.Bucket));
        credentials["private_key"] = key.ExportPkcs8PrivateKeyPem();
        Assert.NotNull(GcsTarget.Read(credentials.ToJsonString(), _server.Bucket));
    }

    [Fact]
    public async Task Nothing_is_left_of_what_was_cancelled()
    {
        var (file, _) = _files.Make(Length);
        using var given = new CancellationTokenSource();
        _server.KeepsOnly.Enqueue(0);
        var logger = new CountingLogger();
        using var watched = _server.Target.Open(TimeProvider.System, logger);
        var storing = watched.StoreAsync(_name, file, "video/mp4", given.Token);
        await logger.WaitForAsync(1);
        Assert.Equal(1, _server.OpenUploads);
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => storing);
        Assert.Empty(_server.Objects);
        Assert.Equal(0, _server.OpenUploads);
    }

    [Fact]
    public async Task What_will_never_do_is_refused_at_once_without_a_key_in_the_words()
    {
        var (file, _) = _files.Make(10);
        foreach (var (target, word) in new[]
        {
            (GcsTarget.Read(_server.WrongCredentials(), _server.Bucket)! with { Endpoint = _server.Target.Endpoint }, "invalid_grant"),
            (_server.Target with { Bucket = "no-such-bucket" }, "notFound"),
            (_server.Target with { IsPublicOnly = true }, "public"),
            (_server.Target with { IsPublicOnly = true, Endpoint = null }, "public"), // The server of tokens too.
        })
        {
            using var storage = Open(target);
            var fault = await Assert.ThrowsAsync<BlobException>(() => storage.StoreAsync(_name, file, "video/mp4", CancellationToken.None));
            Assert.Equal((BlobFailure.Refused, false), (fault.Failure, fault.IsWorthRetrying));
            Assert.Contains(word, fault.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("PRIVATE KEY", $"{fault}{target}", StringComparison.Ordinal);
        }

        Assert.Empty(_server.Objects);
        Assert.Empty(_server.Complaints);
        using var open = Open(_server.Target);
        var missing = await Assert.ThrowsAsync<BlobException>(() => open.StoreAsync(_name, "/none", "video/mp4", CancellationToken.None));
        Assert.Equal(BlobFailure.NoFile, missing.Failure);
    }

    private static IOpenStorage Open(GcsTarget target) => target.Open(TimeProvider.System, NullLogger.Instance);
}
