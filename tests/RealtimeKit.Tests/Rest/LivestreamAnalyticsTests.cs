using Roomcast.Livestreams.Records;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class LivestreamAnalyticsTests(SharedHost shared) : IAsyncLifetime
{
    private readonly ApiHost _host = shared.Host;
    private TestAccount _account = null!;
    private Livestream _livestream = null!;

    public async Task InitializeAsync()
    {
        _account = await _host.NewAccountAsync();
        _livestream = await _host.NewLivestreamAsync(_account.First);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Figures_are_added_up_over_the_range_in_either_spelling()
    {
        AdvanceToNextDay();
        var firstDay = _host.Clock.GetUtcNow();
        await _host.NewSessionAsync(_livestream, ingestSeconds: 60.4, viewerSeconds: 100.2, isOver: true);
        await _host.NewSessionAsync(_livestream, ingestSeconds: 60.4, viewerSeconds: 100.2, isOver: true);
        AdvanceToNextDay();
        var secondDay = _host.Clock.GetUtcNow();
        await _host.NewSessionAsync(_livestream, ingestSeconds: 30, viewerSeconds: 0, isOver: true);
        _host.Clock.Advance(TimeSpan.FromHours(1));

        var from = firstDay.ToUnixTimeSeconds();
        var to = secondDay.AddHours(2).ToUnixTimeSeconds();
        Assert.Equal((3, 151, 200), await OverallAsync($"start_time={from}&end_time={to}"));
        Assert.Equal((3, 151, 200), await OverallAsync($"start_time={firstDay:s}Z&end_time={secondDay.AddHours(2):s}Z"));
        Assert.Equal((3, 151, 200), await OverallAsync($"start_time={from}&end_time={secondDay:yyyy-MM-dd}"));
        Assert.Equal((3, 151, 200), await OverallAsync($"start_time={from}.009"));
        Assert.Equal((3, 151, 200), await OverallAsync(""));
        Assert.Equal((3, 151, 200), await OverallAsync("start_time=0&filters=anything&end_time=253402300799"));
        Assert.Equal((2, 121, 200), await OverallAsync($"start_time={from}&end_time={secondDay.ToUnixTimeSeconds()}"));
        Assert.Equal((1, 30, 0), await OverallAsync($"start_time={secondDay.ToUnixTimeSeconds()}"));
        Assert.Equal((0, 0, 0), await OverallAsync($"start_time={from - 10}&end_time={from - 10}"));

        var days = await _host.Client.GetAsync(
            $"{_account.AppPath}/analytics/livestreams/daywise?start_time={from}&end_time={to}", _account.ReadToken);
        Assert.Equal(
            $$"""{"date":"{{firstDay:yyyy-MM-dd}}","count":2,"total_ingest_seconds":120.8,"total_viewer_seconds":200.4}""",
            days.Data[0]!.ToJsonString());
        Assert.Equal(
            $$"""{"date":"{{secondDay:yyyy-MM-dd}}","count":1,"total_ingest_seconds":30,"total_viewer_seconds":0}""",
            days.Data[1]!.ToJsonString());
        Assert.Equal(2, days.Data.AsArray().Count);
    }

    [Theory]
    [InlineData("start_time=2026-06-01&end_time=2026-06-03", 3, "2026-06-01")]
    [InlineData("start_time=2026-06-01T00:00:00Z&end_time=2026-06-03T00:00:00Z", 2, "2026-06-01")]
    [InlineData("start_time=2026-06-01T23:59:59.999Z&end_time=2026-06-02T00:00:00.001Z", 2, "2026-06-01")]
    [InlineData("start_time=2026-06-01T12:00:00Z&end_time=2026-06-01T12:00:00Z", 1, "2026-06-01")]
    [InlineData("start_time=2026-06-01T23:00:00-02:00&end_time=2026-06-02T23:00:00Z", 1, "2026-06-02")]
    [InlineData("start_time=1780272000&end_time=1780444800", 2, "2026-06-01")]
    [InlineData("start_time=2024-01-01&end_time=2024-12-31", 366, "2024-01-01")]
    [InlineData("end_time=2026-06-30T12:00:00Z", 31, "2026-05-31")]
    [InlineData("end_time=0001-01-02", 2, "0001-01-01")]
    [InlineData("start_time=9999-12-31&end_time=9999-12-31", 1, "9999-12-31")]
    public async Task There_is_one_row_for_each_day_that_the_range_touches(string query, int rows, string first)
    {
        var days = await _host.Client.GetAsync($"{_account.AppPath}/analytics/livestreams/daywise?{query}", _account.ReadToken);

        var dates = days.Data.AsArray().Select(day => DateOnly.Parse(day!["date"]!.GetValue<string>(), null)).ToArray();
        Assert.Equal(rows, dates.Length);
        Assert.Equal(DateOnly.Parse(first, null), dates[0]);
        Assert.Equal(Enumerable.Range(0, rows).Select(dates[0].AddDays), dates);
    }

    [Fact]
    public async Task The_default_range_is_the_last_thirty_days_and_today()
    {
        var days = await _host.Client.GetAsync($"{_account.AppPath}/analytics/livestreams/daywise", _account.ReadToken);

        Assert.Equal(31, days.Data.AsArray().Count);
        Assert.Equal($"{_host.Clock.GetUtcNow():yyyy-MM-dd}", days.Data[30]!["date"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_day_wise_range_has_366_days_at_most_and_a_total_any_number()
    {
        var analytics = $"{_account.AppPath}/analytics/livestreams";
        var days = await _host.Client.GetAsync($"{analytics}/daywise?start_time=2024-01-01&end_time=2025-01-01", _account.ReadToken);
        var overall = await _host.Client.GetAsync($"{analytics}/overall?start_time=0001-01-01&end_time=9999-12-31", _account.ReadToken);

        Assert.Equal(400, days.Status);
        Assert.Equal(["end_time"], days.Sources);
        Assert.Equal(200, overall.Status);
    }

    [Theory]
    [InlineData("start_time=2026-11-24&end_time=2026-11-23")]
    [InlineData("start_time=2026-11-24T00:00:00Z&end_time=2026-11-23")]
    [InlineData("start_time=2026-11-25&end_time=2026-11-23")]
    [InlineData("start_time=2026-11-24&end_time=2026-11-23T23:59:59Z")]
    public async Task A_range_that_ends_before_it_begins_is_refused(string query)
    {
        foreach (var route in new[] { "overall", "daywise" })
        {
            var reply = await _host.Client.GetAsync($"{_account.AppPath}/analytics/livestreams/{route}?{query}", _account.ReadToken);
            Assert.Equal(400, reply.Status);
            Assert.Equal(["end_time"], reply.Sources);
        }
    }

    [Theory]
    [InlineData("start_time=2026-11-23&end_time=2026-11-23")]
    [InlineData("start_time=2026-11-23T23:59:59Z&end_time=2026-11-23")]
    [InlineData("start_time=2026-11-23&end_time=2026-11-23T00:00:00Z")]
    public async Task A_range_within_one_day_is_one(string query)
    {
        foreach (var route in new[] { "overall", "daywise" })
        {
            Assert.Equal(200, (await _host.Client.GetAsync($"{_account.AppPath}/analytics/livestreams/{route}?{query}", _account.ReadToken)).Status);
        }
    }

    private void AdvanceToNextDay()
    {
        var now = _host.Clock.GetUtcNow();
        _host.Clock.Advance(now.Date.AddDays(1).AddHours(1) - now.UtcDateTime);
    }

    private async Task<(int Count, int IngestSeconds, int ViewerSeconds)> OverallAsync(string query)
    {
        var reply = await _host.Client.GetAsync($"{_account.AppPath}/analytics/livestreams/overall?{query}", _account.ReadToken);
        Assert.Equal(200, reply.Status);
        return (
            reply.Data["count"]!.GetValue<int>(),
            reply.Data["total_ingest_seconds"]!.GetValue<int>(),
            reply.Data["total_viewer_seconds"]!.GetValue<int>());
    }
}
