using System.Text;
using System.Text.Json;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tests.Records;
using Roomcast.Storage;

namespace Roomcast.Meetings.Tests.History;

public sealed class SqliteClientReportStoreTests() : ClientReportStoreTests(DatabaseEngine.Sqlite);

public sealed class PostgresClientReportStoreTests() : ClientReportStoreTests(DatabaseEngine.Postgres);

public abstract class ClientReportStoreTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    private ClientReportStore Reports => new(Database, Clock);

    [Fact]
    public async Task What_a_presence_reports_is_kept_up_to_a_size_and_later_entries_are_left_out()
    {
        var alice = await MakeParticipantAsync(await MakeMeetingAsync());
        var peer = NewPeer();
        for (var round = 0; round < 12; round++)
        {
            // Characters that take most room in JSON.
            var devices = Enumerable.Range(0, ClientReport.MaxDevices).Select(i => Device($"{round}-{i}", new string('é', 80))).ToArray();
            await Reports.AddAsync(
                alice.Id, peer, [report => report.WithDevices(ReportedDeviceKind.Audio, Now, devices), report => report with { Processors = 8 }], None);
        }

        var kept = (await Reports.FindAsync(alice.Id, peer, None))!;
        Assert.InRange(kept.Devices.Count, 1, 11);
        Assert.Equal("0-0", kept.Devices[0].Added[0].Id);
        Assert.Equal(8, kept.Processors);
        var bytes = Encoding.UTF8.GetByteCount(
            (await Database.ReadAsync(transaction => transaction.QueryValueAsync<string>("SELECT content FROM client_reports"), None))!);
        Assert.InRange(bytes, ClientReport.MaxBytes / 2, ClientReport.MaxBytes);
        Assert.Equal(bytes, JsonSerializer.SerializeToUtf8Bytes(kept, ClientReportJson.Default.ClientReport).Length);
    }

    [Fact]
    public async Task Of_presences_that_have_not_joined_few_are_kept_and_not_for_long()
    {
        var meeting = await MakeMeetingAsync();
        var alice = await MakeParticipantAsync(meeting);
        var peers = Enumerable.Range(0, ClientReportStore.MaxAwaited + 1).Select(_ => NewPeer()).ToArray();
        foreach (var peer in peers)
        {
            await ReportAsync(alice, peer);
        }

        Assert.All(await Task.WhenAll(peers[..^1].Select(peer => HasAsync(alice, peer))), Assert.True);
        Assert.False(await HasAsync(alice, peers[^1]));

        // One that joins makes room for another.
        var session = await Sessions.BeginAsync(meeting, Now, TimeSpan.FromMinutes(1), None);
        await Sessions.JoinAsync(session.Id, PeerOf(alice, peers[0]), Now, None);
        await ReportAsync(alice, peers[^1]);
        Assert.True(await HasAsync(alice, peers[^1]));

        // Those that never joined are deleted, whether one asks for room or not.
        Clock.Advance(ClientReportStore.JoinPatience);
        var late = NewPeer();
        await ReportAsync(alice, late);
        var kept = await Task.WhenAll(peers.Select(peer => HasAsync(alice, peer)));
        Assert.Equal([true, false, false, false, false], kept);
        Clock.Advance(ClientReportStore.JoinPatience);
        Assert.Equal(1, await Reports.ClearAsync(DateTimeOffset.UnixEpoch, None));
        Assert.False(await HasAsync(alice, late));
        Assert.True(await HasAsync(alice, peers[0]));
        Assert.Equal(0, await Reports.ClearAsync(DateTimeOffset.UnixEpoch, None));
        Assert.Equal(1, await Reports.ClearAsync(Now + TimeSpan.FromSeconds(1), None));
        Assert.False(await HasAsync(alice, peers[0]));
    }

    [Fact]
    public async Task Of_a_participant_that_joins_again_and_again_so_many_presences_are_kept()
    {
        var meeting = await MakeMeetingAsync();
        var (alice, bob) = (await MakeParticipantAsync(meeting), await MakeParticipantAsync(meeting, "bob"));
        var session = await Sessions.BeginAsync(meeting, Now, TimeSpan.FromMinutes(1), None);
        for (var joins = 0; joins <= ClientReportStore.MaxPresences; joins++)
        {
            var peer = NewPeer();
            await Sessions.JoinAsync(session.Id, PeerOf(alice, peer), Now, None);
            await ReportAsync(alice, peer);
            Assert.Equal(joins < ClientReportStore.MaxPresences, await HasAsync(alice, peer));
        }

        var other = NewPeer();
        await ReportAsync(bob, other);
        Assert.True(await HasAsync(bob, other));
    }

    [Fact]
    public async Task Nothing_is_kept_of_the_presence_of_somebody_else_or_of_a_participant_that_was_deleted()
    {
        var meeting = await MakeMeetingAsync();
        var (alice, bob) = (await MakeParticipantAsync(meeting), await MakeParticipantAsync(meeting, "bob"));
        var session = await Sessions.BeginAsync(meeting, Now, TimeSpan.FromMinutes(1), None);
        var peer = NewPeer();
        await Sessions.JoinAsync(session.Id, PeerOf(alice, peer), Now, None);
        await ReportAsync(bob, peer);
        Assert.False(await HasAsync(bob, peer));

        await Participants.DeleteAsync(meeting.AppId, meeting.Id, alice.Id, None);
        await ReportAsync(alice, peer);
        Assert.False(await HasAsync(alice, peer));
        await ReportAsync(new ParticipantId(Guid.NewGuid()), NewPeer());
    }

    private static PeerId NewPeer() => new(Guid.NewGuid());

    private static ReportedDevice Device(string id, string label) => new(id, "audioinput", label);

    private Task ReportAsync(Participant participant, PeerId peer) => ReportAsync(participant.Id, peer);

    private Task ReportAsync(ParticipantId participant, PeerId peer) =>
        Reports.AddAsync(participant, peer, [report => report.WithChoice(new DeviceChoice(Now, Device("a", "Headset")))], None);

    private async Task<bool> HasAsync(Participant participant, PeerId peer) => await Reports.FindAsync(participant.Id, peer, None) is not null;
}
