using System.Text.Json.Nodes;
using Roomcast.Relay.Tests.Hosting;

namespace Roomcast.Relay.Tests.Rooms;

/// <summary>Muting and unmuting members whose microphone and camera really send.</summary>
public sealed class MutingTests(MutingTests.Shared shared) : IClassFixture<MutingTests.Shared>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Who_was_muted_by_a_controller_and_still_sends_is_unmuted_by_it()
    {
        await using var client = await RelayClient.ConnectAsync(shared.Host);
        await using var ada = await SendingGuest.JoinAsync(shared.Host, await shared.Host.NewMeetingAsync("Muted"), "Ada");
        await UntilAsync(client, ada, member => (bool)member["talking"]! && !(bool)member["audio_muted"]! && !(bool)member["video_muted"]!);
        await client.SubscribeAsync($"room.{ada.SessionId}", "video.member.updated", "video.member.talking");
        foreach (var (kind, field) in new[] { ("audio", "audio_muted"), ("video", "video_muted") })
        {
            foreach (var (act, isMuted) in new[] { ("mute", true), ("unmute", false) })
            {
                var heard = client.Events.Count;
                Assert.Equal("200", await client.CodeOfAsync($"video.member.{kind}_{act}", ada.SessionId, Member(ada)));
                var member = (await client.WaitAsync(frame => IsUpdate(frame, field) && client.Events.ToList().IndexOf(frame["params"]!) >= heard))["params"]!["params"]!["member"]!;
                Assert.Equal((ada.Id, isMuted), ((string)member["id"]!, (bool)member[field]!));
                await UntilAsync(client, ada, each => (bool)each[field]! == isMuted && (kind == "audio" || (bool)each["visible"]! != isMuted));

                // It sends all the while: what is held back of it is not heard, and what is let go is.
                await UntilAsync(client, ada, each => (bool)each["talking"]! == !(kind == "audio" && isMuted));
            }
        }

        var talking = client.Events.Where(each => (string?)each["event_type"] == "video.member.talking").Select(each => (bool)each["params"]!["member"]!["talking"]!);
        Assert.Equal([false, true], talking);
        Assert.Equal(["audio_muted", "audio_muted", "video_muted+visible", "video_muted+visible"], Updates(client));
    }

    [Fact]
    public async Task Who_has_switched_its_microphone_off_itself_is_not_unmuted_by_a_controller()
    {
        await using var client = await RelayClient.ConnectAsync(shared.Host);
        await using var ada = await SendingGuest.JoinAsync(shared.Host, await shared.Host.NewMeetingAsync("Off"), "Ada");
        await ada.SwitchMicrophoneAsync(isOn: false);
        await UntilAsync(client, ada, member => (bool)member["audio_muted"]!);
        Assert.Equal("409", await client.CodeOfAsync("video.member.audio_unmute", ada.SessionId, Member(ada)));
        Assert.Equal("200", await client.CodeOfAsync("video.member.audio_mute", ada.SessionId, Member(ada)));
        Assert.Equal("409", await client.CodeOfAsync("video.member.audio_unmute", ada.SessionId, Member(ada)));
        await UntilAsync(client, ada, member => (bool)member["audio_muted"]!);
        await ada.SwitchMicrophoneAsync(isOn: true);
        await UntilAsync(client, ada, member => !(bool)member["audio_muted"]!);
        Assert.Equal("200", await client.CodeOfAsync("video.member.audio_unmute", ada.SessionId, Member(ada)));
    }

    [Fact]
    public async Task Who_is_made_deaf_is_muted_and_heard_again_with_it_but_not_against_its_own_will()
    {
        await using var client = await RelayClient.ConnectAsync(shared.Host);
        await using var ada = await SendingGuest.JoinAsync(shared.Host, await shared.Host.NewMeetingAsync("Deaf"), "Ada");
        await UntilAsync(client, ada, member => (bool)member["talking"]! && !(bool)member["audio_muted"]! && !(bool)member["video_muted"]!);
        await client.SubscribeAsync($"room.{ada.SessionId}", "video.member.updated");
        foreach (var (act, isDeaf) in new[] { ("deaf", true), ("undeaf", false) })
        {
            Assert.Equal("200", await client.CodeOfAsync($"video.member.{act}", ada.SessionId, Member(ada)));

            // Its picture goes on, and what it says is heard or not.
            await UntilAsync(client, ada, member => (bool)member["deaf"]! == isDeaf && (bool)member["audio_muted"]! == isDeaf && (bool)member["talking"]! == !isDeaf);
            await UntilAsync(client, ada, member => !(bool)member["video_muted"]! && (bool)member["visible"]!);
        }

        Assert.Equal(["audio_muted+deaf", "audio_muted+deaf"], Updates(client));

        // A microphone that it has switched off itself stays off.
        await ada.SwitchMicrophoneAsync(isOn: false);
        foreach (var (act, isDeaf) in new[] { ("deaf", true), ("undeaf", false) })
        {
            Assert.Equal("200", await client.CodeOfAsync($"video.member.{act}", ada.SessionId, Member(ada)));
            await UntilAsync(client, ada, member => (bool)member["deaf"]! == isDeaf && (bool)member["audio_muted"]!);
        }

        Assert.Equal(["audio_muted+deaf", "audio_muted+deaf", "audio_muted", "deaf", "deaf"], Updates(client));
    }

    private static IEnumerable<string> Updates(RelayClient client) => client.Events
        .Where(each => (string?)each["event_type"] == "video.member.updated")
        .Select(each => string.Join('+', each["params"]!["member"]!["updated"]!.AsArray().Select(name => (string?)name)));

    private static JsonObject Member(SendingGuest guest) => new() { ["member_id"] = guest.Id };

    private static bool IsUpdate(JsonNode frame, string field) =>
        (string?)frame["params"]?["event_type"] == "video.member.updated"
        && frame["params"]!["params"]!["member"]!["updated"]!.AsArray().Any(name => (string?)name == field);

    /// <summary>Waits until a member stands as it should.</summary>
    private static async Task UntilAsync(RelayClient client, SendingGuest guest, Func<JsonNode, bool> holds)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await client.AskAsync("video.members.get", new JsonObject { ["room_session_id"] = guest.SessionId });
            var member = Assert.Single(answer["result"]!["members"]!.AsArray())!;
            if (holds(member))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"It did not come about: {member.ToJsonString()}");
            await Task.Delay(50);
        }
    }

    public sealed class Shared : IAsyncLifetime
    {
        public RelayHost Host { get; private set; } = null!;

        public async Task InitializeAsync() => Host = await RelayHost.StartAsync(options => options.RequestsPerSecond = 10_000);

        public async Task DisposeAsync() => await Host.DisposeAsync();
    }
}
