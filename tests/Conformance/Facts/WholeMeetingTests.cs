using System.Text.Json.Nodes;
using Roomcast.Conformance.Running;

namespace Roomcast.Conformance.Facts;

/// <summary>Every event of webhooks, as the real fact in the real server brings it about, beside what the routes tell of the same.</summary>
public sealed class WholeMeetingTests(WholeMeeting meeting) : IClassFixture<WholeMeeting>
{
    private static readonly string[] BlockKeys = ["id", "sessionId", "title", "roomName", "status", "createdAt", "startedAt", "organizedBy"];

    private RunningServer Server => meeting.Server;

    [Fact]
    public async Task Meeting_started_tells_the_session_that_began()
    {
        var told = Assert.Single(meeting.Of("meeting.started"));
        Assert.Equal(["event", "meeting"], Keys(told));
        Assert.Equal(BlockKeys, Keys(told["meeting"]!));
        AssertBlock(told["meeting"]!);
        Assert.Equal((string)(await SessionAsync())["started_at"]!, (string)told["meeting"]!["startedAt"]!);
    }

    [Fact]
    public async Task Meeting_participant_joined_tells_who_came()
    {
        var told = meeting.Of("meeting.participantJoined");
        Assert.Equal([meeting.StayerPeerId, meeting.LeaverPeerId], told.Select(each => (string)each["participant"]!["peerId"]!));
        var leaver = told[1]["participant"]!;
        Assert.Equal(["peerId", "userDisplayName", "customParticipantId", "clientSpecificId", "joinedAt"], Keys(leaver));
        Assert.Equal(("Bob", "Bob-id", "Bob-id"), ((string)leaver["userDisplayName"]!, (string)leaver["customParticipantId"]!, (string)leaver["clientSpecificId"]!));
        Assert.Equal((string)(await PeerAsync(meeting.LeaverPeerId))["joined_at"]!, (string)leaver["joinedAt"]!);
        Assert.All(told, each => AssertBlock(each["meeting"]!));
    }

    [Fact]
    public async Task Meeting_participant_left_tells_who_went()
    {
        var told = meeting.Of("meeting.participantLeft");
        Assert.Equal([meeting.LeaverPeerId, meeting.StayerPeerId], told.Select(each => (string)each["participant"]!["peerId"]!));
        var leaver = told[0]["participant"]!;
        Assert.Equal(["peerId", "userDisplayName", "customParticipantId", "clientSpecificId", "joinedAt", "leftAt"], Keys(leaver));
        Assert.Equal((string)(await PeerAsync(meeting.LeaverPeerId))["left_at"]!, (string)leaver["leftAt"]!);
        Assert.All(told, each => AssertBlock(each["meeting"]!));
    }

    [Fact]
    public async Task Meeting_ended_tells_the_end_and_why()
    {
        var told = Assert.Single(meeting.Of("meeting.ended"));
        Assert.Equal(["event", "meeting", "reason"], Keys(told));
        Assert.Equal("HOST_ENDED_MEETING", (string)told["reason"]!);
        AssertBlock(told["meeting"]!);
        var session = await SessionAsync();
        Assert.Equal(("ENDED", (string)session["ended_at"]!), ((string)session["status"]!, (string)told["meeting"]!["endedAt"]!));
    }

    [Fact]
    public async Task Meeting_chat_synced_leads_to_what_was_written()
    {
        var told = Assert.Single(meeting.Of("meeting.chatSynced"));
        Assert.Equal(
            ["event", "sessionId", "meetingId", "title", "chatDownloadUrl", "chatDownloadUrlExpiry", "createdAt", "startedAt", "endedAt", "organizedBy"],
            Keys(told));
        Assert.Equal((meeting.SessionId, meeting.MeetingId, "Weekly"), ((string)told["sessionId"]!, (string)told["meetingId"]!, (string)told["title"]!));
        Assert.True(DateTimeOffset.Parse((string)told["chatDownloadUrlExpiry"]!, null) > TimeProvider.System.GetUtcNow());
        var lines = (await Server.DownloadAsync((string)told["chatDownloadUrl"]!)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Equal("id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt", lines[0]);
        Assert.Contains(",Anna,false,false,TEXT_MESSAGE,", lines[1], StringComparison.Ordinal);
        Assert.Contains("'=Grüße, everybody", lines[1], StringComparison.Ordinal); // Kept from being a formula.
        var asked = await Server.GetAsync($"/sessions/{meeting.SessionId}/chat");
        Assert.Equal(lines, (await Server.DownloadAsync((string)asked["chat_download_url"]!)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Meeting_transcript_leads_to_what_was_said()
    {
        var told = Assert.Single(meeting.Of("meeting.transcript"));
        Assert.Equal(["event", "meeting", "transcriptDownloadUrl", "transcriptDownloadUrlExpiry"], Keys(told));
        AssertBlock(told["meeting"]!);
        Assert.NotNull(told["meeting"]!["endedAt"]);
        var text = await Server.DownloadAsync((string)told["transcriptDownloadUrl"]!);
        Assert.Contains($",{meeting.LeaverPeerId},", text, StringComparison.Ordinal);
        Assert.Contains($",Bob-id,Bob,{WholeMeeting.Spoken}\r\n", text, StringComparison.Ordinal);
        var asked = await Server.GetAsync($"/sessions/{meeting.SessionId}/transcript");
        Assert.Equal(text, await Server.DownloadAsync((string)asked["transcript_download_url"]!));
    }

    [Fact]
    public async Task Meeting_summary_leads_to_the_summary_of_what_was_said()
    {
        var told = Assert.Single(meeting.Of("meeting.summary"));
        Assert.Equal(["event", "meeting", "summaryDownloadUrl", "summaryDownloadUrlExpiry"], Keys(told));
        AssertBlock(told["meeting"]!);
        var text = await Server.DownloadAsync((string)told["summaryDownloadUrl"]!);
        Assert.Contains($"first: Bob: {WholeMeeting.Spoken}", text, StringComparison.Ordinal);
        var asked = await Server.GetAsync($"/sessions/{meeting.SessionId}/summary");
        Assert.Equal(text, await Server.DownloadAsync((string)asked["summaryDownloadUrl"]!));
        Assert.Equal("COMPLETED", (string)(await Server.PostAsync($"/sessions/{meeting.SessionId}/summary"))["status"]!);
    }

    [Fact]
    public async Task Recording_status_update_tells_every_step_to_the_file()
    {
        var told = meeting.Of("recording.statusUpdate");
        Assert.Equal(["INVOKED", "RECORDING", "UPLOADING", "UPLOADED"], told.Select(each => (string)each["recording"]!["status"]!));
        Assert.All(told, each =>
        {
            AssertBlock(each["meeting"]!);
            Assert.Equal((meeting.RecordingId, meeting.SessionId), ((string)each["recording"]!["recordingId"]!, (string)each["recording"]!["roomUUID"]!));
        });
        Assert.False(told[0]["recording"]!.AsObject().ContainsKey("downloadUrl"));
        var (last, asked) = (told[^1]["recording"]!, await Server.GetAsync($"/recordings/{meeting.RecordingId}"));
        Assert.Equal((string)asked["status"]!, (string)last["status"]!);
        Assert.Equal((long)asked["file_size"]!, (long)last["fileSize"]!);
        Assert.Equal((string)asked["started_time"]!, (string)last["startedTime"]!);
        Assert.Equal((string)asked["stopped_time"]!, (string)last["stoppedTime"]!);
        Assert.Equal((string)asked["output_file_name"]!, (string)last["outputFileName"]!);
        Assert.NotNull(last["stopReason"]!["reason"]);
        using var http = Server.Process.CreateHttpsClient();
        Assert.Equal((long)last["fileSize"]!, (await http.GetByteArrayAsync(new Uri((string)last["downloadUrl"]!))).LongLength);
    }

    [Fact]
    public async Task Livestreaming_status_update_tells_how_the_livestream_stood()
    {
        var told = meeting.Of("livestreaming.statusUpdate");
        Assert.Equal(["IDLE", "LIVE", "OFFLINE"], told.Select(each => (string)each["status"]!));
        Assert.All(told, each =>
        {
            Assert.Equal(["event", "streamId", "status", "manualIngest", "playbackUrl", "ingestServer", "streamKey", "meeting"], Keys(each));
            Assert.Equal((string)meeting.Livestream["id"]!, (string)each["streamId"]!);
            Assert.Equal((string)meeting.Livestream["playback_url"]!, (string)each["playbackUrl"]!);
            Assert.False((bool)each["manualIngest"]!);
            AssertBlock(each["meeting"]!);
        });
        var livestream = (await Server.GetAsync($"/livestreams/{(string)meeting.Livestream["id"]!}"))["livestream"]!;
        Assert.Equal("IDLE", (string)livestream["status"]!);
    }

    [Fact]
    public void Every_event_came_once_in_the_order_of_the_facts()
    {
        string[] once = ["meeting.started", "meeting.ended", "meeting.chatSynced", "meeting.transcript", "meeting.summary"];
        var names = meeting.Received.Select(each => each.Event).ToList();
        Assert.All(once, name => Assert.Single(names, each => each == name));
        Assert.Equal("meeting.started", names[0]);
        Assert.All(once[2..], file => Assert.True(names.IndexOf("meeting.ended") < names.IndexOf(file)));
        Assert.True(names.IndexOf("meeting.transcript") < names.IndexOf("meeting.summary"));
        Assert.Equal(9, names.Distinct().Count());
    }

    private static IEnumerable<string> Keys(JsonNode node) => node.AsObject().Select(field => field.Key);

    private void AssertBlock(JsonNode block)
    {
        Assert.Equal(
            (meeting.MeetingId, meeting.SessionId, "Weekly", meeting.MeetingId, "LIVE"),
            ((string)block["id"]!, (string)block["sessionId"]!, (string)block["title"]!, (string)block["roomName"]!, (string)block["status"]!));
        Assert.Equal(Server.Process.Credentials.AppId, (string)block["organizedBy"]!["id"]!);
    }

    private Task<JsonNode> SessionAsync() => Server.GetAsync($"/sessions/{meeting.SessionId}");

    private async Task<JsonNode> PeerAsync(string peerId) => (await Server.GetAsync($"/sessions/{meeting.SessionId}/participants/{peerId}"))["participant"]!;
}
