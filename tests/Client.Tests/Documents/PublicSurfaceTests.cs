using System.Reflection;
using System.Text.RegularExpressions;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Documents;

/// <summary>The package's surface is the one that was reviewed, and has a counterpart for all that the official objects offer.</summary>
public partial class PublicSurfaceTests
{
    private static readonly Assembly Client = typeof(RealtimeKitClient).Assembly;
    private static readonly string Table = File.ReadAllText(RepositoryFiles.PathOf("docs", "client.md"));

    /// <summary>The members that the documents of the official objects name.</summary>
    private static readonly string[] Official =
    [
        "meeting.join", "meeting.leave",
        "self.id", "self.userId", "self.name", "self.audioEnabled", "self.videoEnabled", "self.screenShareEnabled", "self.audioTrack", "self.videoTrack",
        "self.screenShareTracks", "self.roomJoined", "self.roomState", "self.enableAudio", "self.disableAudio", "self.enableVideo", "self.disableVideo",
        "self.enableScreenShare", "self.disableScreenShare", "self.setName", "self.setDevice", "self.getAllDevices", "self.getAudioDevices",
        "self.getVideoDevices", "self.getSpeakerDevices", "self 'roomJoined'", "self 'audioUpdate'", "self 'videoUpdate'", "self 'screenShareUpdate'",
        "self 'deviceUpdate'", "self 'deviceListUpdate'",
        "participants.joined", "participants.active", "participants.waitlisted", "participants.pinned", "joined.toArray", "joined.size", "joined.get",
        "joined 'participantJoined'", "joined 'participantLeft'",
        "participant.id", "participant.userId", "participant.name", "participant.audioEnabled", "participant.videoEnabled", "participant.screenShareEnabled",
        "participant.audioTrack", "participant.videoTrack", "participant.screenShareTracks",
        "meta.meetingId", "meta.meetingTitle", "meta.meetingStartedTimestamp",
        "chat.messages", "chat.sendTextMessage", "chat.sendImageMessage", "chat 'chatUpdate'",
        "polls.items", "polls.create", "polls.vote", "plugins.all", "plugins.activate", "plugins.deactivate", "ai.transcripts",
        "livestream.telemetry", "livestream.setRTKLivestreamState", "livestream.start", "livestream.stop",
        "RoomSessionStream.id", "RoomSessionStream.roomId", "RoomSessionStream.roomSessionId", "RoomSessionStream.state", "RoomSessionStream.url",
        "RoomSessionStream.duration", "RoomSessionStream.startedAt", "RoomSessionStream.endedAt", "RoomSessionStream.hasEnded", "RoomSessionStream.stop",
        "RoomSessionStream.onStarted", "RoomSessionStream.onEnded",
    ];

    [Fact]
    public void The_surface_is_the_one_that_was_reviewed()
    {
        var path = RepositoryFiles.PathOf("src", "Client", "PublicApi.txt");
        var now = PublicApiText.Write(Client);
        if (Environment.GetEnvironmentVariable("ROOMCAST_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(path, now);
        }

        Assert.True(
            File.ReadAllText(path).ReplaceLineEndings("\n") == now,
            "The public surface of Roomcast.Client has changed. Look it over, and write it anew with ROOMCAST_UPDATE_DOCS=1.");
    }

    [Fact]
    public void Every_member_of_the_official_objects_stands_in_the_table()
    {
        var rows = Rows().Select(row => row.Official).ToHashSet(StringComparer.Ordinal);

        Assert.DoesNotContain(Official, member => !rows.Contains(member));
    }

    [Fact]
    public void Every_counterpart_in_the_table_is_a_public_member()
    {
        var types = Client.GetExportedTypes().ToLookup(type => type.Name);
        foreach (var (official, counterpart) in Rows().Where(row => row.Counterpart is not null))
        {
            var (type, member) = (counterpart!.Split('.')[0], counterpart.Split('.')[1]);
            Assert.True(types[type].Any(each => each.GetMember(member).Length > 0), $"{official} has the counterpart {counterpart}, which there is not.");
        }
    }

    [Fact]
    public void What_has_no_counterpart_yet_is_of_rooms_and_streams_alone() =>
        Assert.All(Rows().Where(row => row.Counterpart is null), row => Assert.StartsWith("RoomSessionStream.", row.Official, StringComparison.Ordinal));

    private static IEnumerable<(string Official, string? Counterpart)> Rows() =>
        Row().Matches(Table).Select(row => (row.Groups["official"].Value, row.Groups["ours"].Success ? row.Groups["ours"].Value : null));

    [GeneratedRegex("^\\| `(?<official>[^`]+)` \\| (?:`(?<ours>[A-Za-z]+\\.[A-Za-z]+)`|not yet) \\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
