using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

[Collection(SharedHostTests.Name)]
public sealed class QueryTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    private string Apps => $"{_host.One.Path}/apps";

    private string Livestreams => $"{_host.One.AppPath}/livestreams";

    private string Token => _host.One.ReadToken;

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("1.0")]
    [InlineData("1e2")]
    [InlineData("0x10")]
    [InlineData("two")]
    [InlineData("")]
    [InlineData("%2B1")]
    [InlineData("%D9%A1")]
    [InlineData("1%201")]
    [InlineData("1&page_no=2")]
    public async Task A_page_that_is_no_whole_number_is_refused(string value)
    {
        foreach (var list in new[] { Apps, Livestreams, $"{Livestreams}/{Guid.NewGuid()}" })
        {
            var number = await _host.Client.GetAsync($"{list}?page_no={value}", Token);
            Assert.Equal(400, number.Status);
            Assert.Equal(40001, number.Code);
            Assert.Equal(["page_no"], number.Sources);

            var size = value.Replace("page_no", "per_page", StringComparison.Ordinal);
            Assert.Equal(["per_page"], (await _host.Client.GetAsync($"{list}?per_page={size}", Token)).Sources);
        }
    }

    [Theory]
    [InlineData("recordings?sort_by=x", "sort_by must be one of invokedTime")]
    [InlineData("recordings?status=x", "status must be of ERRORED, INVOKED, PAUSED, RECORDING, UPLOADED, UPLOADING")]
    [InlineData("sessions?sort_by=x", "sort_by must be one of createdAt, minutesConsumed")]
    [InlineData("sessions?status=x", "status must be one of ENDED, LIVE")]
    [InlineData("sessions/ID/participants?sort_by=x", "sort_by must be one of duration, joinedAt")]
    [InlineData("sessions/ID/participants?view=x", "view must be one of consolidated, raw")]
    [InlineData("sessions/peer-report/ID?filters=x", "filters must be of device_info, events, ip_information, precall_network_information, quality_stats")]
    [InlineData("sessions/ID/transcript?format=x", "format must be one of CSV, JSON, SRT, VTT")]
    public async Task A_refusal_tells_words_as_they_are_documented(string query, string message)
    {
        var reply = await _host.Client.GetAsync($"{_host.One.AppPath}/{query.Replace("ID", $"{Guid.NewGuid()}", StringComparison.Ordinal)}", Token);
        Assert.Equal((400, message), (reply.Status, (string?)reply.Body["error"]!["message"]));
    }

    [Theory]
    [InlineData("sort_order=UP", "sort_order")]
    [InlineData("sort_order=", "sort_order")]
    [InlineData("sort_order=ASC&sort_order=DESC", "sort_order")]
    [InlineData("status=OFFLINE", "status")]
    [InlineData("status=LIVE&status=IDLE", "status")]
    [InlineData("exclude_meetings=1", "exclude_meetings")]
    [InlineData("exclude_meetings=yes", "exclude_meetings")]
    [InlineData("start_time=yesterday", "start_time")]
    [InlineData("start_time=1780437600", "start_time")]
    [InlineData("end_time=2026-13-01", "end_time")]
    [InlineData("end_time=2026-06-03T25:00:00Z", "end_time")]
    [InlineData("end_time=2026-06-03%2010:00:00", "end_time")]
    [InlineData("start_time=2026-06-04T00:00:00Z&end_time=2026-06-03T00:00:00Z", "end_time")]
    [InlineData("start_time=2026-06-04&end_time=2026-06-03", "end_time")]
    public async Task A_faulty_filter_of_livestreams_is_named(string query, string parameter)
    {
        var reply = await _host.Client.GetAsync($"{Livestreams}?{query}", Token);

        Assert.Equal(400, reply.Status);
        Assert.Equal(40001, reply.Code);
        Assert.Equal([parameter], reply.Sources);
    }

    [Theory]
    [InlineData("start_time=yesterday", "start_time")]
    [InlineData("start_time=-1", "start_time")]
    [InlineData("start_time=99999999999999", "start_time")]
    [InlineData("start_time=", "start_time")]
    [InlineData("end_time=1e9", "end_time")]
    [InlineData("start_time=1780524000&end_time=1780437600", "end_time")]
    [InlineData("start_time=2026-06-04T00:00:00Z&end_time=1780437600", "end_time")]
    [InlineData("start_time=9999-01-01", "start_time")]
    public async Task A_faulty_range_of_analytics_is_named(string query, string parameter)
    {
        foreach (var route in new[] { "overall", "daywise" })
        {
            var reply = await _host.Client.GetAsync($"{_host.One.AppPath}/analytics/livestreams/{route}?{query}", Token);

            Assert.Equal(400, reply.Status);
            Assert.Equal([parameter], reply.Sources);
        }
    }

    [Fact]
    public async Task Every_faulty_parameter_is_named_at_once()
    {
        var reply = await _host.Client.GetAsync(
            $"{Livestreams}?page_no=-1&per_page=x&status=OFF&start_time=a&end_time=b&exclude_meetings=c&sort_order=d", Token);

        Assert.Equal(
            ["end_time", "exclude_meetings", "page_no", "per_page", "sort_order", "start_time", "status"],
            reply.Sources.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("page_no=0&per_page=0")]
    [InlineData("page_no=00001&per_page=020")]
    [InlineData("page_no=99999999999999999999")]
    [InlineData("per_page=99999999999999999999")]
    [InlineData("sort_order=asc")]
    [InlineData("sort_order=Dsc")]
    [InlineData("sort_order=desc")]
    [InlineData("status=live&exclude_meetings=TRUE")]
    [InlineData("start_time=0001-01-01&end_time=9999-12-31T23:59:59.9999999Z")]
    [InlineData("end_time=9999-12-31")]
    [InlineData("start_time=2026-06-03T07:59Z&end_time=2026-06-03T10:00:00.123456789%2B02:00")]
    [InlineData("start_time=2026-06-03T10:00:00+02:00&end_time=2026-06-03T10:00:00")]
    [InlineData("unknown=1&PAGE=&=&%00=%ff")]
    public async Task Every_documented_spelling_is_taken(string query)
    {
        Assert.Equal(200, (await _host.Client.GetAsync($"{Livestreams}?{query}", Token)).Status);
    }

    [Fact]
    public async Task A_search_that_no_database_could_hold_is_refused()
    {
        var reply = await _host.Client.GetAsync($"{Apps}?search=a%00b", Token);

        Assert.Equal(400, reply.Status);
        Assert.Equal(["search"], reply.Sources);
    }
}
