using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Conformance.Running;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Webhooks;

namespace Roomcast.Conformance.Facts;

/// <summary>
/// What webhooks and routes tell of the livestream of a meeting, beside what really became of its media, when its encoder, its host or
/// the worker that composes it drops out.
/// </summary>
public sealed partial class MeetingLivestreamFaultTests : IAsyncLifetime
{
    private TestReceiver _receiver = null!;
    private RunningServer _server = null!;
    private CuttableProxy _network = null!;
    private string _meeting = "";

    public async Task InitializeAsync()
    {
        _receiver = await TestReceiver.StartAsync();
        _server = await RunningServer.StartAsync(
            "--webhook-private-networks", "127.0.0.0/8", "--ingest-grace", "4s", "--ended-linger", "5m", "--livestream-empty-stage", "5s",
            "--session-peer-grace", "1s");
        _network = CuttableProxy.Start(_server.Process.HttpBase.Port);
        await _server.PostAsync("/webhooks", new { url = _receiver.Address.ToString(), events = new[] { "livestreaming.statusUpdate" } });
        _meeting = (string)(await _server.PostAsync("/meetings", new { title = "Faults" }))["id"]!;
    }

    public async Task DisposeAsync()
    {
        await _network.DisposeAsync();
        await _server.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task An_encoder_that_is_killed_and_comes_back_is_one_livestream_session_and_one_that_stays_away_ends_it()
    {
        await using var host = await JoinAsync();
        var livestream = await StartAsync(isManual: true);
        await using var first = FfmpegPush.Start(livestream.IngestAddress);
        await livestream.LiveAsync();
        await AssertActiveAsync(livestream, "LIVE");
        var session = await livestream.ActiveSessionAsync();

        await first.KillAsync();
        await using (var second = FfmpegPush.Start(livestream.IngestAddress))
        {
            await livestream.PlaylistUntilAsync(text => text.Contains("#EXT-X-DISCONTINUITY\n", StringComparison.Ordinal));
            await livestream.GoesOnAsync();
            Assert.Equal(session, await livestream.ActiveSessionAsync());
            await AssertActiveAsync(livestream, "LIVE");
            Assert.Equal(["IDLE", "LIVE"], livestream.Told());
            await second.KillAsync();
        }

        var ended = await livestream.AssertOfflineAsync(session, "IDLE", "LIVE", "OFFLINE");
        Assert.Null(ended["err_message"]);
        await AssertNotActiveAsync();
        AssertPayloads(livestream, isManual: true);
    }

    [Fact]
    public async Task A_host_whose_network_is_gone_for_a_moment_stays_on_air_and_one_who_stays_away_ends_the_livestream()
    {
        await using var host = await JoinAsync(options => options with { BaseUri = new Uri($"http://127.0.0.1:{_network.Port}") });
        var livestream = await StartAsync();
        await livestream.LiveAsync();
        var session = await livestream.ActiveSessionAsync();
        var served = _network.Served;
        _network.Cut();
        _network.Mend();
        await _server.UntilAsync(() => _network.Served > served, "the host came back");
        await _server.UntilAsync($"/meetings/{_meeting}/active-session", each => (int)each["live_participants"]! == 1);
        await livestream.GoesOnAsync();
        Assert.Equal(session, await livestream.ActiveSessionAsync());
        await AssertActiveAsync(livestream, "LIVE");
        Assert.Equal(["IDLE", "LIVE"], livestream.Told());

        _network.Cut();
        var ended = await livestream.AssertOfflineAsync(session, "IDLE", "LIVE", "OFFLINE");
        Assert.Null(ended["err_message"]);
        await AssertNotActiveAsync();
        AssertPayloads(livestream, isManual: false);
    }

    [Fact]
    public async Task A_worker_that_is_killed_is_replaced_within_one_livestream_session_and_the_end_of_the_meeting_ends_it()
    {
        await using var host = await JoinAsync();
        var livestream = await StartAsync();
        await livestream.LiveAsync();
        var session = await livestream.ActiveSessionAsync();
        await KillWorkerAsync(known: null);
        await livestream.GoesOnAsync();
        Assert.Equal(session, await livestream.ActiveSessionAsync());
        await AssertActiveAsync(livestream, "LIVE");
        Assert.Equal(["IDLE", "LIVE"], livestream.Told());

        await _server.PostAsync($"/meetings/{_meeting}/active-session/kick-all");
        var ended = await livestream.AssertOfflineAsync(session, "IDLE", "LIVE", "OFFLINE");
        Assert.Null(ended["err_message"]);
        await AssertNotActiveAsync();
    }

    [Fact]
    public async Task A_worker_that_dies_however_often_it_is_replaced_ends_the_livestream_with_an_error()
    {
        await using var host = await JoinAsync();
        var livestream = await StartAsync();
        await livestream.LiveAsync();
        var session = await livestream.ActiveSessionAsync();
        var killing = new CancellationTokenSource();
        var killer = KillAllWorkersAsync(killing.Token);
        try
        {
            await _server.UntilAsync($"/livestreams/{livestream.Id}", each => (string)each["livestream"]!["status"]! == "ERRORED");
        }
        finally
        {
            await killing.CancelAsync();
            await killer;
            killing.Dispose();
        }

        Assert.Equal("OFFLINE", await livestream.ToldAsync(3));
        Assert.Equal(["IDLE", "LIVE", "OFFLINE"], livestream.Told());
        await livestream.PlaylistUntilAsync(text => text.Contains("#EXT-X-ENDLIST", StringComparison.Ordinal));
        var ended = await _server.GetAsync($"/livestreams/sessions/{session}");
        Assert.NotNull(ended["stopped_time"]);
        Assert.Contains("composed", (string)ended["err_message"]!, StringComparison.Ordinal);
        await AssertNotActiveAsync();

        // Whoever starts again gets another one.
        Assert.NotEqual(livestream.Id, (string)(await _server.PostAsync($"/meetings/{_meeting}/livestreams"))["id"]!);
    }

    private async Task<RealtimeKitClient> JoinAsync(Func<RealtimeKitOptions, RealtimeKitOptions>? change = null)
    {
        var host = await _server.InitAsync(
            $"/meetings/{_meeting}", "Host", change: options => (change?.Invoke(options) ?? options) with { Video = new TestPatternSource() });
        await host.JoinAsync();
        return host;
    }

    private async Task<WatchedLivestream> StartAsync(bool isManual = false)
    {
        var made = await _server.PostAsync($"/meetings/{_meeting}/livestreams", new { name = "On air", manual_ingestion = isManual });
        var livestream = new WatchedLivestream(() => _server, _receiver, made);
        Assert.Equal(("INVOKED", "IDLE"), ((string)made["status"]!, await livestream.ToldAsync(1)));
        await AssertActiveAsync(livestream, null);
        return livestream;
    }

    private async Task AssertActiveAsync(WatchedLivestream livestream, string? status)
    {
        var active = await _server.GetAsync($"/meetings/{_meeting}/active-livestream");
        Assert.Equal(livestream.Id, (string)active["id"]!);
        Assert.True(status is null || status == (string)active["status"]!, active.ToJsonString());
        Assert.Equal(livestream.Id, (string)(await _server.GetAsync($"/meetings/{_meeting}/livestream"))["livestream"]!["id"]!);
    }

    private async Task AssertNotActiveAsync()
    {
        var none = await _server.CallAsync(HttpMethod.Get, $"{_server.AppPath}/meetings/{_meeting}/active-livestream", _server.Token);
        Assert.Equal((404, 40404), (none.Status, none.Code));
        var all = await _server.GetAsync($"/meetings/{_meeting}/livestream");
        Assert.NotNull(Assert.Single(all["session_list"]!.AsArray())!["stopped_time"]);
    }

    private void AssertPayloads(WatchedLivestream livestream, bool isManual)
    {
        foreach (var told in _receiver.Received.Select(each => each.Payload).Where(each => (string)each["streamId"]! == livestream.Id))
        {
            Assert.Equal((isManual, _meeting), ((bool)told["manualIngest"]!, (string)told["meeting"]!["id"]!));
        }
    }

    /// <summary>Kills the worker that composes the meeting now; answers which it was.</summary>
    private async Task<string> KillWorkerAsync(string? known)
    {
        await _server.UntilAsync(() => WorkerNow() is { } now && now != known, "a worker composes the meeting");
        var worker = WorkerNow()!;
        Kill(worker);
        return worker;
    }

    private async Task KillAllWorkersAsync(CancellationToken cancellationToken)
    {
        for (string? known = null; !cancellationToken.IsCancellationRequested;)
        {
            if (WorkerNow() is { } now && now != known)
            {
                Kill(known = now);
            }

            await Task.Delay(50, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private string? WorkerNow() => ComposedBy().Matches(_server.Process.Errors) is [.., var last] ? last.Groups["pid"].Value : null;

    private static void Kill(string processId)
    {
        try
        {
            using var process = Process.GetProcessById(int.Parse(processId, CultureInfo.InvariantCulture));
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It is gone already.
        }
    }

    [GeneratedRegex("is composed by process (?<pid>[0-9]+)")]
    private static partial Regex ComposedBy();
}
