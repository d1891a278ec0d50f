using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;
using Roomcast.TestKit.Azure;
using Roomcast.TestKit.Blobs;
using Roomcast.TestKit.Gcs;
using Roomcast.TestKit.Hls;
using Roomcast.TestKit.S3;
using Roomcast.TestKit.Sftp;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>What goes wrong around a recording: the disk is full, the bucket is away, the owner's storage refuses.</summary>
public sealed class RecordingFaultTests(EncodedMinute encoded) : IClassFixture<EncodedMinute>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_full_disk_ends_the_recording_with_a_reason_and_what_was_written_plays()
    {
        using var disk = SmallDisk.Mount(sizeKiB: 700);
        await using var host = await RecordingHost.StartAsync(_folder.Path, recordingsFolder: Path.Combine(disk.Path, "recordings"));
        var asked = await StartAsync(host);
        var composition = host.Compositions.Of(asked.SessionId);
        for (var second = 0; second < 25; second++)
        {
            composition.Publish(encoded.Source, TimeSpan.FromSeconds(second), TimeSpan.FromSeconds(second + 1));
        }

        var failed = await host.WaitForAsync(asked, RecordingStatus.Errored);
        Assert.Contains("disk", failed.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("full", failed.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(RecordingStopReason.InternalError, failed.StopReason);

        RecordingRecord? kept = null;
        await RecordingHost.UntilAsync(
            () => (kept = host.Changes.LastOrDefault(change => change.Id == asked.Id && change.MediaFile is not null)) is not null,
            "what was written is kept");
        var path = _folder.PathOf("kept.mp4");
        await File.WriteAllBytesAsync(path, await host.DownloadAsync(kept!, kept!.MediaFile));
        await EncodedSource.RunAsync("-v", "error", "-i", path, "-f", "null", "-");

        // The disk is free again, and the next recording is none the worse.
        await RecordingHost.UntilAsync(() => host.Compositions.LeaseCount == 0, "the composition is given back");
        var next = await StartAsync(host);
        host.Compositions.Of(next.SessionId).Publish(encoded.Source, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        await host.WaitForAsync(next, RecordingStatus.Recording);
        await host.Recordings.StopAsync(next.AppId, next.Id, null, CancellationToken.None);
        await host.WaitForAsync(next, RecordingStatus.Uploaded);
    }

    [Fact]
    public async Task A_recording_that_a_full_disk_ended_is_delivered_by_the_next_server_when_this_one_could_not()
    {
        using var disk = SmallDisk.Mount(sizeKiB: 700);
        await using var server = await S3Server.StartAsync();
        Task<RecordingHost> StartHostAsync() => RecordingHost.StartAsync(
            _folder.Path,
            recording: options => options.AllowsPrivateTargets = true,
            recordingsFolder: Path.Combine(disk.Path, "recordings"));

        RecordingRecord asked;
        await using (var host = await StartHostAsync())
        {
            asked = await StartAsync(host, new RecordingPlan { Target = Target(server) });
            server.Kill();
            host.Compositions.Of(asked.SessionId).Publish(encoded.Source, TimeSpan.Zero, TimeSpan.FromSeconds(25));
            await host.WaitForAsync(asked, RecordingStatus.Errored);
            await RecordingHost.UntilAsync(() => host.Log.Any(line => line.Contains(" 6205 ", StringComparison.Ordinal)), "an upload is tried again");
        }

        await server.StartAgainAsync();
        await using (var host = await StartHostAsync())
        {
            RecordingRecord? done = null;
            await RecordingHost.UntilAsync(
                () => (done = host.Changes.LastOrDefault(change => change.Id == asked.Id && change.MediaFile is not null)) is not null,
                "what was written is delivered");
            Assert.Equal((RecordingStatus.Errored, RecordingStopReason.InternalError), (done!.Status, done.StopReason));
            Assert.Contains("full", done.ErrorMessage, StringComparison.Ordinal);
            Assert.Null((await host.Recordings.FindAsync(asked.AppId, asked.Id, CancellationToken.None))!.Plan.Target);
            var file = Assert.Single(server.Objects);
            Assert.Equal($"team/{done.Id}/{done.MediaFile}", file.Key);
            Assert.Equal(await host.DownloadAsync(done, done.MediaFile), await File.ReadAllBytesAsync(file.Value));
            var path = _folder.PathOf("kept.mp4");
            File.Copy(file.Value, path);
            await EncodedSource.RunAsync("-v", "error", "-i", path, "-f", "null", "-");
        }

        await using var third = await StartHostAsync();
        Assert.DoesNotContain(third.Log, line => line.Contains(" 6206 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_system_says_of_a_disk_is_for_the_log_and_no_path_for_the_owner_of_a_recording()
    {
        // A file stands where the folder of files is to be.
        await File.WriteAllTextAsync(_folder.PathOf("blobs"), "");
        await using var host = await RecordingHost.StartAsync(_folder.Path);
        var asked = await StartAsync(host);
        host.Compositions.Of(asked.SessionId).Publish(encoded.Source, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        await host.WaitForAsync(asked, RecordingStatus.Recording);
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var failed = await host.WaitForAsync(asked, RecordingStatus.Errored);
        Assert.Equal("The file cannot be kept on the disk of the server.", failed.ErrorMessage);
        Assert.Contains(host.Log, line => line.Contains(_folder.PathOf("blobs"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_refuses_a_recording_without_telling_where_it_is()
    {
        await using var host = await RecordingHost.StartAsync(_folder.Path);
        var folder = _folder.PathOf("recordings");
        Directory.Delete(folder, recursive: true);
        await File.WriteAllTextAsync(folder, "");
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        var answer = await host.Recordings.StartAsync(host.Wish(meeting), CancellationToken.None);
        Assert.Equal((RecordingRefusal.Unavailable, "The disk of the server cannot be written."), (answer.Refusal, answer.Message));
        Assert.Contains(host.Log, line => line.Contains(" 6219 ", StringComparison.Ordinal) && line.Contains(folder, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_that_does_not_answer_leaves_the_media_alone_and_learns_of_it_later()
    {
        await using var host = await RecordingHost.StartAsync(_folder.Path);
        var asked = await StartAsync(host);
        await using (var other = new SqliteConnection($"Data Source={Path.Combine(_folder.Path, "roomcast.db")}"))
        {
            await other.OpenAsync();
            await using var held = other.BeginTransaction(deferred: false);
            var composition = host.Compositions.Of(asked.SessionId);
            composition.Publish(encoded.Source, TimeSpan.Zero, TimeSpan.FromSeconds(3));
            await RecordingHost.UntilAsync(() => host.Log.Any(line => line.Contains(" 6207 ", StringComparison.Ordinal)), "the database did not take it");
            var written = FragmentBytes(asked);
            Assert.True(written > 0);
            composition.Publish(encoded.Source, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(6));
            await RecordingHost.UntilAsync(() => FragmentBytes(asked) > written, "the media goes on");
            Assert.Equal(RecordingStatus.Invoked, (await host.Service<RecordingStore>().FindAsync(asked.AppId, asked.Id, CancellationToken.None))!.Status);
        }

        while ((await host.Service<RecordingStore>().FindAsync(asked.AppId, asked.Id, CancellationToken.None))!.Status is not RecordingStatus.Recording)
        {
            await Task.Delay(20);
        }

        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.True(done.Duration > TimeSpan.FromSeconds(4), $"{done.Duration} were recorded.");

        // Who listens is told once it is kept, and so after it can be read.
        await RecordingHost.UntilAsync(() => host.Changes.Any(change => change.Id == asked.Id && change.Status is RecordingStatus.Uploaded), "the end is told");
        RecordingStatus[] told = [.. host.Changes.Where(change => change.Id == asked.Id).Select(change => change.Status).Distinct()];
        Assert.Equal([RecordingStatus.Invoked, RecordingStatus.Recording, RecordingStatus.Uploading, RecordingStatus.Uploaded], told);
    }

    [Fact]
    public async Task Of_two_that_begin_at_once_the_refused_one_takes_its_watermark_along()
    {
        // Both wait for their picture, so neither has been kept when the other looks.
        using var both = new CountdownEvent(2);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var pictures = builder.Build();
        byte[] png = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];
        pictures.MapGet("/mark.png", async () =>
        {
            both.Signal();
            await Task.Run(() => both.Wait());
            return Results.Bytes(png);
        });
        await pictures.StartAsync();
        await using var host = await RecordingHost.StartAsync(_folder.Path, recording: options => options.AllowsPrivateTargets = true);
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        var plan = new RecordingPlan { Watermark = new RecordingWatermark($"{pictures.Urls.First()}/mark.png", SceneCorner.RightTop, 10, 10) };
        var answers = await Task.WhenAll(
            host.Recordings.StartAsync(host.Wish(meeting, plan), CancellationToken.None), host.Recordings.StartAsync(host.Wish(meeting, plan), CancellationToken.None));
        var kept = Assert.Single(answers, answer => answer.Recording is not null).Recording!;
        Assert.Equal(RecordingRefusal.AlreadyRunning, Assert.Single(answers, answer => answer.Recording is null).Refusal);
        Assert.Equal([kept.Id], host.Sessions.Watermarks.Keys);
    }

    [Fact]
    public async Task A_recording_leaves_the_room_that_others_need()
    {
        await using var host = await RecordingHost.StartAsync(_folder.Path, recording: options => options.MinFreeBytes = 1L << 50);
        var asked = await StartAsync(host);
        host.Compositions.Of(asked.SessionId).Publish(encoded.Source, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.Contains("full", (await host.WaitForAsync(asked, RecordingStatus.Errored)).ErrorMessage, StringComparison.Ordinal);
    }

    /// <summary>The oldest hundred were looked at, again with each round, and when none of them could be deleted, none behind them ever was.</summary>
    [Fact]
    public async Task Expired_recordings_that_cannot_be_deleted_hold_up_no_others_and_go_once_they_can()
    {
        const int Stuck = 130;
        var blobs = new NamedBlobs();
        await using var host = await RecordingHost.StartAsync(_folder.Path, more: services => services.AddSingleton<IBlobStore>(blobs));
        for (var number = 0; number < Stuck; number++)
        {
            await AddExpiredAsync(host, $"stuck-{number}.mp4", days: 9);
        }

        var old = await AddExpiredAsync(host, "old.mp4", days: 8);
        blobs.Refuses = name => name.StartsWith("stuck", StringComparison.Ordinal) ? BlobFailure.Refused : null;
        await host.Recordings.ClearAsync(CancellationToken.None);
        Assert.Equal(Stuck + 1, blobs.Asked.Count); // Each once.
        Assert.Null((await host.Recordings.FindAsync(old.AppId, old.Id, CancellationToken.None))!.MediaFile);

        // A store that is not to be reached is not asked for one after the other.
        blobs.Asked.Clear();
        blobs.Refuses = _ => BlobFailure.Unreachable;
        await host.Recordings.ClearAsync(CancellationToken.None);
        Assert.Single(blobs.Asked);

        blobs.Asked.Clear();
        blobs.Refuses = _ => null;
        await host.Recordings.ClearAsync(CancellationToken.None);
        Assert.Equal(Stuck, blobs.Asked.Count);
        await host.Recordings.ClearAsync(CancellationToken.None);
        Assert.Equal(Stuck, blobs.Asked.Count);
    }

    [Fact]
    public async Task A_bucket_that_is_away_for_half_a_minute_gets_the_recording_afterwards()
    {
        await using var server = await S3Server.StartAsync();
        var clock = new ManualClock();
        await using var host = await RecordingHost.StartAsync(_folder.Path, clock, blobs: options =>
        {
            options.S3Bucket = server.Bucket;
            options.S3Endpoint = server.Endpoint;
            options.S3AccessKey = S3Server.Key;
            options.S3SecretKey = S3Server.Key;
            options.S3PathStyle = true;
        });
        var asked = await RecordAsync(host);
        server.Kill();
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var away = clock.Elapsed;
        while (clock.Elapsed - away < TimeSpan.FromSeconds(40) || !host.Log.Any(line => line.Contains(" 6205 ", StringComparison.Ordinal)))
        {
            clock.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(5);
        }

        Assert.Equal(RecordingStatus.Uploading, (await host.Recordings.FindAsync(asked.AppId, asked.Id, CancellationToken.None))!.Status);
        await server.StartAgainAsync();
        while ((await host.Recordings.FindAsync(asked.AppId, asked.Id, CancellationToken.None))!.Status is RecordingStatus.Uploading)
        {
            clock.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Delay(5);
        }

        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        Assert.Equal(done.FileSize, new FileInfo(server.Objects[$"{done.Id}/{done.MediaFile}"]).Length);
        Assert.DoesNotContain(host.Log, line => line.Contains(S3Server.Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_recording_goes_to_the_owners_own_storage_too()
    {
        await using var server = await S3Server.StartAsync();
        await using var host = await RecordingHost.StartAsync(_folder.Path, recording: options => options.AllowsPrivateTargets = true);
        var asked = await RecordAsync(host, new RecordingPlan { Target = Target(server) });
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Uploaded);
        var file = Assert.Single(server.Objects);
        Assert.Equal($"team/{done.Id}/{done.MediaFile}", file.Key);
        Assert.Equal(await host.DownloadAsync(done, done.MediaFile), await File.ReadAllBytesAsync(file.Value));
        Assert.Null(done.Plan.Target);

        var elsewhere = await RecordAsync(host, new RecordingPlan { Target = Target(server), KeepsInBucket = false });
        await host.Recordings.StopAsync(elsewhere.AppId, elsewhere.Id, null, CancellationToken.None);
        var alone = await host.WaitForAsync(elsewhere, RecordingStatus.Uploaded);
        Assert.Equal((null, null), (alone.MediaFile, host.Recordings.AddressOf(alone, alone.MediaFile)));
        Assert.Equal(2, server.Objects.Count);

        // What lay on the disk is deleted a moment after it is told that it lies elsewhere.
        for (var look = 0; look < 1_000 && Directory.Exists(Path.Combine(_folder.Path, "recordings", alone.Id.ToString())); look++)
        {
            await Task.Delay(20);
        }

        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "recordings", alone.Id.ToString())));
    }

    [Fact]
    public async Task A_recording_goes_to_a_container_of_the_owners_at_azure()
    {
        await using var server = await AzureServer.StartAsync();
        await using var host = await RecordingHost.StartAsync(_folder.Path, recording: options => options.AllowsPrivateTargets = true);
        var done = await RecordToAsync(host, server.Target, RecordingStatus.Uploaded);
        var name = $"team/{done.Id}/{done.MediaFile}";
        Assert.Equal([name], await server.NamesAsync());
        var stored = await server.ReadAsync(name);
        Assert.Equal("video/mp4", stored.ContentType);
        Assert.Equal(await host.DownloadAsync(done, done.MediaFile), stored.Content);

        var refused = await RecordToAsync(host, server.Target with { Container = "none" }, RecordingStatus.Errored);
        Assert.Contains("ContainerNotFound", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.NotEmpty(await host.DownloadAsync(refused, refused.MediaFile));
        Assert.DoesNotContain(host.Log, line => line.Contains(AzureServer.Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_recording_goes_to_a_folder_of_the_owners_over_sftp()
    {
        await using var server = await SftpServer.StartAsync();
        await using var host = await RecordingHost.StartAsync(_folder.Path, recording: options => options.AllowsPrivateTargets = true);
        var target = server.Target with { PrivateKey = null, Password = SftpServer.Password };
        var done = await RecordToAsync(host, target, RecordingStatus.Uploaded);
        var file = Assert.Single(server.Files);
        Assert.Equal($"{done.Id}/{done.MediaFile}", file.Key);
        Assert.Equal(await host.DownloadAsync(done, done.MediaFile), await File.ReadAllBytesAsync(file.Value));

        var refused = await RecordToAsync(host, target with { Password = $"{SftpServer.Password}-falsch" }, RecordingStatus.Errored);
        Assert.Contains("refuses the login", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.NotEmpty(await host.DownloadAsync(refused, refused.MediaFile));
        Assert.DoesNotContain(host.Log, line => line.Contains(SftpServer.Password, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_recording_goes_to_a_bucket_of_the_owners_at_google()
    {
        await using var server = await GcsServer.StartAsync();
        await using var host = await RecordingHost.StartAsync(_folder.Path, recording: options => options.AllowsPrivateTargets = true);
        var done = await RecordToAsync(host, server.Target, RecordingStatus.Uploaded);
        var stored = Assert.Single(server.Objects);
        Assert.Equal($"team/{done.Id}/{done.MediaFile}", stored.Key);
        Assert.Equal("video/mp4", stored.Value.ContentType);
        Assert.Equal(await host.DownloadAsync(done, done.MediaFile), stored.Value.Content);
        Assert.Empty(server.Complaints);

        var refused = await RecordToAsync(host, server.Target with { Bucket = "none" }, RecordingStatus.Errored);
        Assert.Contains("notFound", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.NotEmpty(await host.DownloadAsync(refused, refused.MediaFile));
        Assert.DoesNotContain(host.Log, line => line.Contains("PRIVATE KEY", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_storage_that_fails_as_none_should_leaves_a_recording_that_can_be_had_from_here_and_no_keys()
    {
        // Taken by no request: what it is to sign with is a public key, which nobody translates.
        using var key = System.Security.Cryptography.RSA.Create(2_048);
        await using var host = await RecordingHost.StartAsync(_folder.Path, recording: options => options.AllowsPrivateTargets = true);
        var target = new GcsTarget { Bucket = "b", Account = "a", PrivateKey = key.ExportSubjectPublicKeyInfoPem(), TokenAddress = "http://127.0.0.1:9/" };
        var done = await RecordToAsync(host, target, RecordingStatus.Errored);
        Assert.Contains("cannot be used", done.ErrorMessage, StringComparison.Ordinal);
        Assert.NotEmpty(await host.DownloadAsync(done, done.MediaFile));
        Assert.Null(done.Plan.Target);
        Assert.DoesNotContain(host.Log, line => line.Contains("PUBLIC KEY", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("azure")]
    [InlineData("gcs")]
    [InlineData("sftp")]
    public async Task No_storage_in_a_private_network_is_connected_to_unless_that_is_allowed(string kind)
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        await using var google = await GcsServer.StartAsync();
        StorageTarget target = kind switch
        {
            "azure" => new AzureTarget { Account = "a", Key = AzureServer.Key, Container = "c", Endpoint = $"http://localhost:{port}/a" },
            "gcs" => google.Target with { TokenAddress = $"http://localhost:{port}/token" },
            _ => new SftpTarget { Host = "localhost", Port = port, UserName = "u", Password = "geheim" },
        };
        await using var host = await RecordingHost.StartAsync(_folder.Path);
        var refused = await RecordToAsync(host, target, RecordingStatus.Errored);
        Assert.Contains("public", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.False(listener.Pending());
        Assert.NotEmpty(await host.DownloadAsync(refused, refused.MediaFile));
    }

    [Fact]
    public async Task A_storage_that_refuses_is_told_and_the_recording_can_still_be_downloaded()
    {
        await using var server = await S3Server.StartAsync();
        await using var host = await RecordingHost.StartAsync(_folder.Path, recording: options => options.AllowsPrivateTargets = true);
        var asked = await RecordAsync(host, new RecordingPlan { Target = Target(server) with { AccessKey = "falsch", SecretKey = "falsch" } });
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, RecordingStatus.Errored);
        Assert.Contains("refuses", done.ErrorMessage, StringComparison.Ordinal);
        Assert.NotEmpty(await host.DownloadAsync(done, done.MediaFile));
        Assert.DoesNotContain(host.Log, line => line.Contains("falsch", StringComparison.Ordinal));
    }

    private static async Task<RecordingRecord> AddExpiredAsync(RecordingHost host, string file, int days)
    {
        var ended = TimeProvider.System.GetUtcNow();
        var recording = new RecordingRecord
        {
            Id = new RecordingId(Guid.NewGuid()),
            AppId = host.App,
            MeetingId = Guid.NewGuid(),
            SessionId = Guid.NewGuid(),
            Kind = RecordingKind.Composite,
            Status = RecordingStatus.Uploaded,
            OutputFileName = file,
            StartReason = RecordingStartReason.Asked,
            Plan = new RecordingPlan(),
            MediaFile = file,
            FileSize = 1,
            LinksExpireAt = ended.AddDays(-days),
            Node = host.Service<RecordingFolder>().Node,
            CreatedAt = ended,
            UpdatedAt = ended,
        };
        Assert.True(await host.Service<RecordingStore>().AddAsync(recording, isAlone: false, CancellationToken.None));
        return recording;
    }

    private static S3Target Target(S3Server server) => new()
    {
        Bucket = server.Bucket,
        Endpoint = server.Endpoint,
        Region = "us-east-1",
        AccessKey = S3Server.Key,
        SecretKey = S3Server.Key,
        Prefix = "team/",
        UsesPathStyle = true,
    };

    private long FragmentBytes(RecordingRecord recording) =>
        Directory.EnumerateFiles(_folder.Path, "fragments.mp4", SearchOption.AllDirectories)
            .Where(path => path.Contains(recording.Id.ToString(), StringComparison.Ordinal)).Sum(path => new FileInfo(path).Length);

    private static async Task<RecordingRecord> StartAsync(RecordingHost host, RecordingPlan? plan = null)
    {
        var meeting = Guid.NewGuid();
        host.Sessions.Begin(meeting);
        var answer = await host.Recordings.StartAsync(host.Wish(meeting, plan), CancellationToken.None);
        Assert.Null(answer.Message);
        return answer.Recording!;
    }

    private async Task<RecordingRecord> RecordToAsync(RecordingHost host, StorageTarget target, RecordingStatus end)
    {
        var asked = await RecordAsync(host, new RecordingPlan { Target = target });
        await host.Recordings.StopAsync(asked.AppId, asked.Id, null, CancellationToken.None);
        var done = await host.WaitForAsync(asked, end);
        Assert.Null(done.Plan.Target);
        return done;
    }

    private async Task<RecordingRecord> RecordAsync(RecordingHost host, RecordingPlan? plan = null)
    {
        var asked = await StartAsync(host, plan);
        host.Compositions.Of(asked.SessionId).Publish(encoded.Source, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        await host.WaitForAsync(asked, RecordingStatus.Recording);
        return asked;
    }
}
