namespace Roomcast.Conformance;

/// <summary>The unmodified npm package <c>cloudflare</c> against the REST API, with nothing but its base address changed.</summary>
public sealed class RealtimeKitConformanceTests(RealtimeKitConformanceTests.Run run) : IClassFixture<RealtimeKitConformanceTests.Run>
{
    public static TheoryData<string> Checks =>
    [
        "apps.post makes an app and apps.get lists it",
        "meetings: create, get, list, update, replace",
        "participants: add, list, get, edit, refresh, delete",
        "presets: list, get, create whole, update, replace, delete",
        "active session: every call says when nobody is there",
        "a quiet meeting is not livestreamed, and every call says so",
        "recordings of a quiet meeting are none, and its start is refused without repetition",
        "webhooks: create, list, get, edit, replace, delete",
        "client.post makes an independent livestream, with a body and without",
        "livestreams.getAllLivestreams lists, filters and pages",
        "livestreams.getLivestreamSessionForLivestreamID tells a livestream and its sessions",
        "livestreams.getActiveLivestreamsForLivestreamID tells the session on air",
        "livestreams.getLivestreamSessionDetailsForSessionID tells a session",
        "livestreams.getLivestreamAnalyticsComplete adds up, with Unix seconds and without",
        "livestreams.getLivestreamAnalyticsDaywise tells every day",
        "sessions: list, details, participants, one participant, peer report",
        "sessions: chat, transcript and summary lead to files",
        "analytics.getOrgAnalytics and livestreams.getOrgAnalytics tell the same days",
        "user.tokens.verify accepts both tokens",
        "a read token reads and sees no stream key",
        "a bad token is an AuthenticationError",
        "another account is a PermissionDeniedError",
        "what is absent is a NotFoundError",
        "wrong input is a BadRequestError that names every fault",
        "every form of the base address works",
        "additions are reached by path: change, rotate, viewers, publisher, token, delete",
    ];

    [Theory]
    [MemberData(nameof(Checks))]
    public void The_official_client_works(string check) =>
        Assert.True(run.Faults.TryGetValue(check, out var fault) && fault is null, fault ?? "the check did not run");

    [Fact]
    public void Every_check_is_looked_at()
    {
        IEnumerable<object[]> checks = Checks;
        Assert.Equal(
            checks.Select(check => (string)check[0]).Order(StringComparer.Ordinal), run.Faults.Keys.Order(StringComparer.Ordinal));
    }

    /// <summary>One run of the client for all tests.</summary>
    public sealed class Run : IAsyncLifetime
    {
        public IReadOnlyDictionary<string, string?> Faults { get; private set; } = new Dictionary<string, string?>();

        public async Task InitializeAsync()
        {
            await using var server = await RealtimeKitServer.StartAsync();
            Faults = await RealtimeKitClientRun.RunAsync(server.Facts);
        }

        public Task DisposeAsync() => Task.CompletedTask;
    }
}
