using Roomcast.Client.Rest;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Rest;

public class RealtimeKitApiTests
{
    private const string App = "/client/v4/accounts/acc/realtime/kit/app";
    private const string Meeting = """{"id":"m","title":"T","status":"ACTIVE","created_at":"2026-06-03T10:00:00.000Z","updated_at":"2026-06-03T10:00:00.000Z"}""";

    [Fact]
    public async Task A_meeting_is_made_with_what_is_given_and_read_as_it_is_answered()
    {
        using var server = new ApiServer().Answer(201, $$"""{"success":true,"data":{{Meeting}}}""");
        using var api = New(server);

        var meeting = await api.Meetings.CreateAsync(new MeetingRequest { Title = "T", RecordOnStart = true });

        Assert.Equal(("m", "T", "ACTIVE"), (meeting.Id, meeting.Title, meeting.Status));
        Assert.Equal(new DateTimeOffset(2026, 6, 3, 10, 0, 0, TimeSpan.Zero), meeting.CreatedAt);
        Assert.Equal(("POST", $"{App}/meetings", """{"title":"T","record_on_start":true}"""), Assert.Single(server.Calls));
    }

    [Fact]
    public async Task A_list_is_read_page_after_page()
    {
        using var server = new ApiServer()
            .Answer(200, $$$"""{"success":true,"data":[{{{Meeting}}},{{{Meeting}}}],"paging":{"start_offset":1,"end_offset":2,"total_count":3}}""")
            .Answer(200, $$$"""{"success":true,"data":[{{{Meeting}}}],"paging":{"start_offset":3,"end_offset":3,"total_count":3}}""");
        using var api = New(server);

        var count = 0;
        await foreach (var meeting in api.Meetings.ListAsync(new ListQuery { PageSize = 2, Search = "a b" }))
        {
            count++;
            Assert.Equal("m", meeting.Id);
        }

        Assert.Equal(3, count);
        Assert.Equal(
            [$"{App}/meetings?page_no=1&per_page=2&search=a%20b", $"{App}/meetings?page_no=2&per_page=2&search=a%20b"],
            server.Calls.Select(call => call.PathAndQuery));
    }

    [Theory]
    [InlineData(408)]
    [InlineData(409)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task What_may_pass_is_tried_again(int status)
    {
        using var server = new ApiServer()
            .Answer(status, "{}", ("retry-after-ms", "1")).Answer(status, "{}", ("retry-after-ms", "1")).Answer(200, $$"""{"data":{{Meeting}}}""");
        using var api = New(server);

        Assert.Equal("m", (await api.Meetings.GetAsync("m")).Id);
        Assert.Equal(3, server.Calls.Count);
    }

    [Fact]
    public async Task What_the_server_says_will_not_pass_is_not_tried_again()
    {
        using var server = new ApiServer().Answer(
            409,
            """{"success":false,"errors":[{"code":40901,"message":"already running","source":{"pointer":"/name"}}]}""",
            ("x-should-retry", "false"));
        using var api = New(server);

        var fault = await Assert.ThrowsAsync<ApiException>(() => api.Livestreams.StartForMeetingAsync("m"));

        Assert.Equal((RealtimeKitError.AlreadyRunning, 409, "/name: already running"), (fault.Error, fault.Status, fault.Message));
        Assert.Equal(new ApiFault(40901, "already running", "/name"), Assert.Single(fault.Faults));
        Assert.Single(server.Calls);
    }

    [Fact]
    public async Task A_server_that_is_not_reached_is_tried_three_times()
    {
        using var server = new ApiServer().Break().Break().Break();
        using var api = New(server);

        var fault = await Assert.ThrowsAsync<RealtimeKitException>(() => api.Apps.GetAsync("a"));

        Assert.Equal((RealtimeKitError.Unreachable, 3), (fault.Error, server.Calls.Count));
        Assert.DoesNotContain("secret", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Waits_double_and_are_what_the_answer_asks_for()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(500), ApiTransport.WaitBefore(0, null, 0));
        Assert.Equal(TimeSpan.FromMilliseconds(750), ApiTransport.WaitBefore(1, null, 1));
        Assert.Equal(TimeSpan.FromSeconds(8), ApiTransport.WaitBefore(9, null, 0));
        Assert.Equal(TimeSpan.FromSeconds(3), ApiTransport.WaitBefore(0, TimeSpan.FromSeconds(3), 1));
        Assert.Equal(TimeSpan.FromMilliseconds(500), ApiTransport.WaitBefore(0, TimeSpan.FromHours(1), 0));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"data":7}""")]
    [InlineData("""{"data":{"id":7}}""")]
    public async Task An_answer_that_is_none_is_a_typed_error(string answer)
    {
        using var server = new ApiServer().Answer(200, answer);
        using var api = New(server);

        var fault = await Assert.ThrowsAsync<RealtimeKitException>(() => api.Meetings.GetAsync("m"));

        Assert.Equal(RealtimeKitError.Protocol, fault.Error);
    }

    [Theory]
    [InlineData("""{"data":7}""")]
    [InlineData("""{"data":[]}""")]
    [InlineData("""{"data":{"token":7,"message":7,"status":7,"download_url":7,"chat_download_url":7,"chat_download_url_expiry":7,"transcript_download_url":7}}""")]
    public async Task What_is_read_from_an_answer_by_name_is_a_typed_error_where_it_is_not_there(string answer)
    {
        Func<RealtimeKitApi, Task>[] calls =
        [
            api => api.Participants.RefreshTokenAsync("m", "p"),
            api => api.Livestreams.StopForMeetingAsync("m"),
            api => api.Sessions.GenerateSummaryAsync("s"),
            api => api.Sessions.GetChatAsync("s"),
            api => api.Sessions.GetTranscriptAsync("s"),
            api => api.Sessions.GetSummaryAsync("s"),
        ];
        foreach (var call in calls)
        {
            using var server = new ApiServer().Answer(200, answer);
            using var api = New(server);

            Assert.Equal(RealtimeKitError.Protocol, (await Assert.ThrowsAsync<RealtimeKitException>(() => call(api))).Error);
        }
    }

    [Theory]
    [InlineData("Wed, 03 Jun 2026 10:00:07 GMT", 7)]
    [InlineData("Wed, 03 Jun 2026 09:59:00 GMT", 0)]
    [InlineData("11", 11)]
    public async Task A_time_to_wait_may_be_told_as_a_date(string retryAfter, int seconds)
    {
        using var server = new ApiServer().Answer(503, "{}", ("retry-after", retryAfter)).Answer(200, $$"""{"data":{{Meeting}}}""");
        var clock = new NotingClock(new DateTimeOffset(2026, 6, 3, 10, 0, 0, TimeSpan.Zero));
        using var api = New(server, clock);

        Assert.Equal("m", (await api.Meetings.GetAsync("m")).Id);

        Assert.Equal(seconds == 0 ? [] : [TimeSpan.FromSeconds(seconds)], clock.Waits);
    }

    [Fact]
    public async Task Every_route_that_the_hosted_API_publishes_can_be_called()
    {
        var called = (await RouteBook.OfAsync()).Select(each => each.Route).ToHashSet(StringComparer.Ordinal);
        var expected = await File.ReadAllLinesAsync(RepositoryFiles.PathOf("tests", "Client.Tests", "Rest", "routes.txt"));

        Assert.Equal(61, expected.Length);
        Assert.DoesNotContain(expected, route => !called.Contains(route));
    }

    internal static RealtimeKitApi New(ApiServer server, TimeProvider? time = null) => new(new RealtimeKitApiOptions
    {
        Time = time ?? TimeProvider.System,
        BaseUri = new Uri("http://kit.example/client/v4/"),
        AccountId = "acc",
        AppId = "app",
        ApiToken = "secret",
        HttpHandler = server,
    });

    /// <summary>A clock that stands, and notes for how long somebody would wait.</summary>
    private sealed class NotingClock(DateTimeOffset now) : TimeProvider
    {
        public List<TimeSpan> Waits { get; } = [];

        public override DateTimeOffset GetUtcNow() => now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
