using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Playback;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Egress.Tests.Playback;

/// <summary>Playbacks with the built player as a process of its own; the session is only a place that counts packets.</summary>
public sealed class SessionPlaybacksTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly IReadOnlyList<IPNetwork> Loopback = [IPNetwork.Parse("127.0.0.0/8")];

    private readonly TemporaryFolder _folder = new();
    private readonly CountingStage _stage = new();
    private readonly ConcurrentQueue<SessionPlayback> _told = new();
    private WebApplication _files = null!;

    public async Task InitializeAsync()
    {
        await FfmpegTool.RunAsync(
            "-f", "lavfi", "-i", "testsrc=s=160x90:r=15", "-f", "lavfi", "-i", "sine=frequency=440", "-t", "60",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart", _folder.PathOf("clip.mp4"));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(web => web.Listen(IPAddress.Loopback, 0));
        _files = builder.Build();
        _files.MapGet("/clip.mp4", () => Results.File(_folder.PathOf("clip.mp4"), "video/mp4", enableRangeProcessing: true));
        _files.MapGet("/slow.mp4", async context => await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted));
        await _files.StartAsync();
    }

    public async Task DisposeAsync() => await _files.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_player_that_is_killed_ends_its_playback_with_a_reason_and_no_other()
    {
        await using var services = Build();
        var playbacks = Playbacks(services);
        var launcher = (RecordingLauncher)services.GetRequiredService<IPlayerLauncher>();
        var session = Guid.NewGuid();
        var first = playbacks.Start(session, AddressOf("clip.mp4"), 0, TimeSpan.Zero)!;
        await UntilAsync(() => playbacks.Find(first.Id)?.State is PlaybackState.Playing);
        var second = playbacks.Start(session, AddressOf("clip.mp4"), 0, TimeSpan.Zero)!;
        await UntilAsync(() => playbacks.Find(second.Id)?.State is PlaybackState.Playing && _stage.Packets.ContainsKey(second.Id));
        using (var process = Process.GetProcessById(launcher.ProcessIds.First()))
        {
            process.Kill();
        }

        await UntilAsync(() => playbacks.Find(first.Id) is null);
        var ended = _told.Last(each => each.Id == first.Id);
        Assert.Equal((PlaybackState.Ended, "player_failed"), (ended.State, ended.Error));
        Assert.NotNull(ended.StartedAt);

        var packets = _stage.Packets[second.Id];
        await UntilAsync(() => _stage.Packets[second.Id] > packets + 50);
        Assert.True(playbacks.Stop(second.Id));
        Assert.Null(_told.Last(each => each.Id == second.Id).Error);
        Assert.False(playbacks.Stop(second.Id));
        Assert.Equal(PlaybackOutcome.NotFound, playbacks.Pause(second.Id));
        await playbacks.StopAsync(CancellationToken.None);
        await UntilAsync(() => _stage.Left == 2);
        Assert.All(launcher.ProcessIds, id => Assert.Throws<ArgumentException>(() => Process.GetProcessById(id)));
        Assert.All([first.Id, second.Id], id => Assert.Single(_told, each => each.Id == id && each.State is PlaybackState.Ended));
    }

    [Fact]
    public async Task Each_thing_that_is_asked_is_told_once_and_in_order_however_fast_it_is_asked()
    {
        await using var services = Build();
        var playbacks = Playbacks(services);
        var id = playbacks.Start(Guid.NewGuid(), AddressOf("clip.mp4"), 0, TimeSpan.Zero)!.Id;
        await UntilAsync(() => playbacks.Find(id)?.State is PlaybackState.Playing);

        Assert.Equal(PlaybackOutcome.Done, playbacks.Pause(id));
        Assert.Equal(PlaybackOutcome.Done, playbacks.SetVolume(id, -10));
        Assert.Equal(PlaybackOutcome.Done, playbacks.Seek(id, TimeSpan.FromSeconds(30), isRelative: false));
        Assert.Equal(PlaybackOutcome.Done, playbacks.Seek(id, TimeSpan.FromSeconds(5), isRelative: true));
        Assert.Equal(PlaybackOutcome.Done, playbacks.Resume(id));
        var packets = _stage.Packets.GetValueOrDefault(id);
        await UntilAsync(() => _stage.Packets.GetValueOrDefault(id) > packets + 50);

        var told = _told.ToArray();
        Assert.Equal(
            [(PlaybackState.Playing, 0), (PlaybackState.Paused, 0), (PlaybackState.Paused, -10), (PlaybackState.Paused, -10), (PlaybackState.Paused, -10), (PlaybackState.Playing, -10)],
            told[..6].Select(each => (each.State, each.VolumeDb)));
        Assert.Equal([30, 35, 35], told[3..6].Select(each => each.Position.TotalSeconds));

        // What the player says of itself may correct the position, and nothing else.
        Assert.All(told[6..], each => Assert.Equal((PlaybackState.Playing, -10), (each.State, each.VolumeDb)));
        Assert.All(told[6..], each => Assert.InRange(each.Position.TotalSeconds, 35, 60));
        Assert.True(playbacks.Stop(id));
        await playbacks.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task What_does_not_begin_in_time_ends_as_that()
    {
        await using var services = Build(options => options.StartTimeout = TimeSpan.FromSeconds(5));
        var playbacks = Playbacks(services);
        var asked = playbacks.Start(Guid.NewGuid(), AddressOf("slow.mp4"), 0, TimeSpan.Zero)!;
        await UntilAsync(() => playbacks.Find(asked.Id) is null);
        var told = Assert.Single(_told);
        Assert.Equal((PlaybackState.Ended, "start_timed_out", null), (told.State, told.Error, told.StartedAt));
        await playbacks.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Without_its_program_a_playback_says_so()
    {
        await using var services = Build(worker: _folder.PathOf("nothing.dll"));
        var playbacks = Playbacks(services);
        var asked = playbacks.Start(Guid.NewGuid(), AddressOf("clip.mp4"), 0, TimeSpan.Zero)!;
        await UntilAsync(() => playbacks.Find(asked.Id) is null);

        // Where the program would be is the server's own business.
        Assert.Equal("player_failed", Assert.Single(_told).Error);
    }

    [Fact]
    public async Task A_session_that_takes_no_more_ends_its_playback()
    {
        _stage.IsFull = true;
        await using var services = Build();
        var playbacks = Playbacks(services);
        var asked = playbacks.Start(Guid.NewGuid(), AddressOf("clip.mp4"), 0, TimeSpan.Zero)!;
        await UntilAsync(() => playbacks.Find(asked.Id) is null);
        var told = Assert.Single(_told);
        Assert.Equal((PlaybackState.Ended, null, "session_not_open"), (told.State, told.StartedAt, told.Error));
        await playbacks.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task There_are_so_many_and_no_more_and_none_while_the_server_stops()
    {
        await using var services = Build(options => (options.MaxPlaybacks, options.MaxOfSession) = (2, 1));
        var playbacks = Playbacks(services);
        var session = Guid.NewGuid();
        Assert.NotNull(playbacks.Start(session, AddressOf("slow.mp4"), 0, TimeSpan.Zero));
        Assert.Null(playbacks.Start(session, AddressOf("slow.mp4"), 0, TimeSpan.Zero));
        Assert.NotNull(playbacks.Start(Guid.NewGuid(), AddressOf("slow.mp4"), 0, TimeSpan.Zero));
        Assert.Null(playbacks.Start(Guid.NewGuid(), AddressOf("slow.mp4"), 0, TimeSpan.Zero));
        await playbacks.StopAsync(CancellationToken.None);
        Assert.Null(playbacks.Start(Guid.NewGuid(), AddressOf("slow.mp4"), 0, TimeSpan.Zero));
        Assert.Equal(2, _told.Count(each => each.State is PlaybackState.Ended));
    }

    [Fact]
    public async Task A_stop_of_the_server_waits_for_what_plays_and_no_longer_than_it_may()
    {
        var launcher = new HeldLauncher();
        await using var services = Build(launcher: launcher);
        var playbacks = Playbacks(services);
        Assert.NotNull(playbacks.Start(Guid.NewGuid(), AddressOf("clip.mp4"), 0, TimeSpan.Zero));
        await UntilAsync(() => launcher.IsAsked);
        using var bound = new CancellationTokenSource();
        var stopping = playbacks.StopAsync(bound.Token);
        Assert.False(stopping.IsCompleted);
        await bound.CancelAsync();
        await stopping;
        launcher.Gate.SetResult();
        await playbacks.StopAsync(CancellationToken.None);
        Assert.Single(_told, each => each.State is PlaybackState.Ended);
    }

    [Fact]
    public async Task What_a_player_is_asked_is_kept_however_much_is_asked_and_of_each_kind_the_newest()
    {
        var wishes = new PlayerWishes();
        wishes.Add(new WireCommand(PlayerAct.Resume, 0));
        wishes.Add(new WireCommand(PlayerAct.Pause, 0));
        for (var i = 0; i < 1_000; i++)
        {
            wishes.Add(new WireCommand(PlayerAct.Keyframe, 0));
            wishes.Add(new WireCommand(PlayerAct.Volume, i));
            wishes.Add(new WireCommand(PlayerAct.Seek, i));
        }

        var taken = new List<WireCommand>();
        while (taken.Count < 4)
        {
            taken.Add(await wishes.TakeAsync(CancellationToken.None));
        }

        Assert.Equal(
            [new(PlayerAct.Pause, 0), new(PlayerAct.Keyframe, 0), new(PlayerAct.Volume, 999), new(PlayerAct.Seek, 999)], taken);
        var next = wishes.TakeAsync(CancellationToken.None);
        Assert.False(next.IsCompleted);
        wishes.Add(new WireCommand(PlayerAct.Resume, 0));
        Assert.Equal(PlayerAct.Resume, (await next).Act);
    }

    [Fact]
    public void Every_reason_is_documented_and_no_detail_of_the_server_is_told()
    {
        var document = File.ReadAllText(RepositoryFiles.PathOf("docs", "protocols", "playback.md"));
        Assert.All(PlaybackReasons.All, reason => Assert.Contains($"`{reason}`", document, StringComparison.Ordinal));
        Assert.Equal("player_failed", PlaybackReasons.Told("player_failed: /usr/lib/libavformat.so was not found"));
        Assert.Equal("source_not_opened: x", PlaybackReasons.Told("source_not_opened: x"));
        Assert.Null(PlaybackReasons.Told(null));
    }

    [Theory]
    [InlineData("https://example.com/a.mp4?signature=x", PlaybackAddressFault.None)]
    [InlineData("rtmps://example.com/live/key", PlaybackAddressFault.None)]
    [InlineData("https://8.8.8.8/a.mp4", PlaybackAddressFault.None)]
    [InlineData("http://127.0.0.1/a.mp4", PlaybackAddressFault.PrivateNetwork)]
    [InlineData("http://2130706433/a.mp4", PlaybackAddressFault.PrivateNetwork)]
    [InlineData("http://[::1]/a.mp4", PlaybackAddressFault.PrivateNetwork)]
    [InlineData("http://[::ffff:10.0.0.1]/a.mp4", PlaybackAddressFault.PrivateNetwork)]
    [InlineData("http://169.254.169.254/a.mp4", PlaybackAddressFault.PrivateNetwork)]
    [InlineData("file:///etc/passwd", PlaybackAddressFault.NotPlayable)]
    [InlineData("concat:http://a/b|http://a/c", PlaybackAddressFault.NotPlayable)]
    [InlineData("ftp://example.com/a.mp4", PlaybackAddressFault.NotPlayable)]
    [InlineData("/a.mp4", PlaybackAddressFault.NotPlayable)]
    [InlineData("", PlaybackAddressFault.NotPlayable)]
    [InlineData("http://ex\u00admple\u0080.com/a.mp4", PlaybackAddressFault.NotPlayable)]
    [InlineData("https://user@example.com/a.mp4", PlaybackAddressFault.NamesUser)]
    [InlineData("https://example.com/a b.mp4", PlaybackAddressFault.NotPrintable)]
    public void Addresses_are_judged_and_told_without_what_may_be_secret(string url, PlaybackAddressFault wanted)
    {
        Assert.Equal(wanted is PlaybackAddressFault.None, PlaybackAddress.TryParse(url, [], out var address, out var fault));
        Assert.Equal(wanted, fault);
        Assert.DoesNotContain("a.mp4", address?.ToString() ?? "", StringComparison.Ordinal);
        Assert.Equal(PlaybackAddressFault.TooLong, PlaybackAddress.TryParse("https://example.com/" + new string('a', 2_048), [], out _, out fault) ? 0 : fault);
    }

    [Fact]
    public void A_network_that_is_allowed_is_played_from_and_link_local_never_is()
    {
        Assert.True(PlaybackAddress.TryParse("http://127.0.0.1/a.mp4", Loopback, out _, out _));
        Assert.False(PlaybackAddress.TryParse("http://169.254.169.254/a.mp4", [IPNetwork.Parse("0.0.0.0/0")], out _, out var fault));
        Assert.Equal(PlaybackAddressFault.PrivateNetwork, fault);
    }

    private PlaybackAddress AddressOf(string name) =>
        PlaybackAddress.TryParse($"{_files.Urls.Single()}/{name}", Loopback, out var address, out var fault) ? address : throw new InvalidOperationException($"{fault}");

    private ServiceProvider Build(Action<PlaybackOptions>? change = null, string? worker = null, IPlayerLauncher? launcher = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.Configure<PlaybackOptions>(options =>
        {
            options.PrivateNetworks = Loopback;
            change?.Invoke(options);
        });
        services.Configure<CompositionOptions>(options => options.WorkerPath = worker);
        services.AddSingleton<IPlaybackStage>(_stage);
        services.AddSingleton<IPlayerLauncher>(provider => launcher ?? new RecordingLauncher(new PlayerLauncher(provider.GetRequiredService<IOptions<CompositionOptions>>())));
        services.AddSessionPlaybacks();
        return services.BuildServiceProvider();
    }

    private SessionPlaybacks Playbacks(ServiceProvider services)
    {
        var playbacks = services.GetRequiredService<SessionPlaybacks>();
        playbacks.Changed += _told.Enqueue;
        return playbacks;
    }

    private async Task UntilAsync(Func<bool> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"It did not come about. Told: {string.Join("; ", _told.Select(each => $"{each} {each.Error}"))}");
            await Task.Delay(20);
        }
    }

    /// <summary>Starts nothing, and notes no cancellation before its gate is open.</summary>
    private sealed class HeldLauncher : IPlayerLauncher
    {
        public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsAsked { get; private set; }

        public async ValueTask<IWorker> StartAsync(CancellationToken cancellationToken)
        {
            IsAsked = true;
            await Gate.Task;
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private sealed class RecordingLauncher(PlayerLauncher launcher) : IPlayerLauncher
    {
        public ConcurrentQueue<int> ProcessIds { get; } = new();

        public async ValueTask<IWorker> StartAsync(CancellationToken cancellationToken)
        {
            var player = await launcher.StartAsync(cancellationToken);
            ProcessIds.Enqueue(player.ProcessId);
            return player;
        }
    }

    private sealed class CountingStage : IPlaybackStage
    {
        private int _left;

        public ConcurrentDictionary<Guid, int> Packets { get; } = new();

        public bool IsFull { get; set; }

        public int Left => Volatile.Read(ref _left);

        public ValueTask<IPlaybackSeat?> EnterAsync(
            SessionPlayback playback, bool hasSound, bool hasPicture, IPlaybackListener listener, CancellationToken cancellationToken) =>
            new(IsFull ? null : new Seat(this, playback.Id));

        private sealed class Seat(CountingStage stage, Guid id) : IPlaybackSeat
        {
            public void Send(ReadOnlySpan<byte> packet, bool isRtcp) => stage.Packets.AddOrUpdate(id, 1, static (_, count) => count + 1);

            public ValueTask DisposeAsync()
            {
                Interlocked.Increment(ref stage._left);
                return ValueTask.CompletedTask;
            }
        }
    }
}
