using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Livestreams;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.Storage.Blobs;
using Roomcast.Transcripts.Records;

namespace Roomcast.RealtimeKit.Tests.Socket;

/// <summary>A server that tells programs http.</summary>
public sealed class ClientTranscriptTests
{
    private const string Told = "http://live.example.org:8080";

    [Fact]
    public async Task A_page_is_told_https_where_programs_are_told_http()
    {
        await using var host = await MeetingHost.StartAsync(services =>
        {
            services.Configure<BlobOptions>(blobs => blobs.BaseAddress = Told);
            services.AddSingleton(new PublicAddresses { RtmpBase = "rtmp://live.example.org:1935", HttpBase = Told });
        });
        var meeting = await host.NewMeetingAsync();
        var reader = await host.NewGuestAsync(meeting, "Reader", patch: """{"permissions":{"transcription_enabled":true}}""");
        await using var peer = await host.JoinAsync(reader);
        var session = host.Service<IActiveSessions>().Find(meeting.Id)!.Value;
        var transcripts = host.Service<TranscriptStore>();
        await transcripts.OpenAsync(session, CancellationToken.None);
        var at = host.Clock.GetUtcNow();
        await transcripts.AddAsync(
            session,
            new TranscriptLine(new PeerId(Guid.Parse(peer.PeerId)), reader.Participant.Id, "reader", "Reader", at, at.AddSeconds(1), "Hello"),
            CancellationToken.None);

        Assert.StartsWith("https://api.live.example.org:8443/blobs/", await AskAsync("Origin"), StringComparison.Ordinal);
        Assert.StartsWith("https://api.live.example.org:8443/blobs/", await AskAsync("Sec-Fetch-Mode"), StringComparison.Ordinal);
        Assert.StartsWith($"{Told}/blobs/", await AskAsync("X-Other"), StringComparison.Ordinal);

        async Task<string> AskAsync(string header)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/v2/meetings/{meeting.Id}/active-transcript", UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {reader.Token}");
            request.Headers.TryAddWithoutValidation(header, "https://page.example.org");
            request.Headers.Host = "api.live.example.org:8443";
            using var answer = await host.Api.Client.Http.SendAsync(request);
            return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["data"]!["transcript_download_url"]!.GetValue<string>();
        }
    }
}
