using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Livestreams;
using Roomcast.RealtimeKit.Rest.Meetings;
using Roomcast.RealtimeKit.Rest.Tokens;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>Answers with a secret in them, as text: what a log or an exception would show.</summary>
public sealed class SecretTextTests
{
    private const string Secret = "SECRET";

    private static readonly LivestreamResponse Livestream = new()
    {
        Id = Guid.NewGuid(),
        Name = "x",
        MeetingId = null,
        Status = "IDLE",
        Disabled = false,
        IngestServer = "rtmp://h/live",
        IngestServerTls = null,
        StreamKey = Secret,
        PlaybackUrl = "http://h/p",
        WatchUrl = "http://h/w",
        CreatedAt = default,
        UpdatedAt = default,
    };

    private static readonly LivestreamSessionResponse Session = new()
    {
        Id = Guid.NewGuid(),
        LivestreamId = Livestream.Id,
        CreatedAt = default,
        UpdatedAt = default,
        InvokedTime = null,
        StartedTime = null,
        StoppedTime = null,
        IngestSeconds = 0,
        ViewerSeconds = 0,
        ErrMessage = null,
    };

    private static readonly PagingResponse Paging = new(1, 1, 1);

    [Fact]
    public void No_answer_shows_its_secret_as_text()
    {
        object[] answers =
        [
            Livestream,
            new LivestreamListResponse([Livestream], Paging),
            new LivestreamDetailResponse(Livestream, Session, [Session], Paging),
            new ActiveLivestreamResponse(Livestream, Session),
            new PlaybackTokenResponse(Secret, "http://h/t/" + Secret, "http://h/w?t=" + Secret, default),
            new ParticipantResponse(Guid.NewGuid(), "A", null, "a", "p", default, default, Secret),
            new RefreshedTokenResponse(Secret),
            new IssuedApiTokenResponse(Guid.NewGuid(), "x", "read", default, null, null, Secret),
        ];

        Assert.All(answers, answer => Assert.DoesNotContain(Secret, answer.ToString(), StringComparison.Ordinal));
    }

    /// <summary>A new record that holds a stream key or a token must be added above.</summary>
    [Fact]
    public void Every_answer_that_holds_a_secret_is_looked_at()
    {
        string[] secrets = ["StreamKey", "Token"];
        var holders = typeof(LivestreamResponse).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("Response", StringComparison.Ordinal) && type.GetProperties().Any(property => secrets.Contains(property.Name)))
            .Select(type => type.Name)
            .Order(StringComparer.Ordinal);

        Assert.Equal(
            ["IssuedApiTokenResponse", "LivestreamListResponse", "LivestreamResponse", "ParticipantResponse", "PlaybackTokenResponse", "RefreshedTokenResponse"],
            holders);
    }
}
