using Roomcast.Client.Relay;
using Roomcast.Interop.Meetings;

namespace Roomcast.Interop.Relay;

/// <summary>What a controller sets of a member's sound is heard by who watches the composition.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class RelayMixingTests(MeetingServer server) : IAsyncLifetime
{
    private const double SilentDb = -55;

    // The browser's own gain control makes the tone some decibels louder and softer.
    private const double UsualDb = -14;

    private static readonly TimeSpan Listened = TimeSpan.FromSeconds(1);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task A_members_volume_and_the_level_from_which_it_is_heard_are_those_that_were_set()
    {
        var meeting = await server.CreateMeetingAsync("Mixed");
        var ada = await KitPage.OpenAsync(server, meeting, 0, "livestream_host", sends: true);
        await ada.RunAsync("meeting.livestream.start()");
        await ada.WaitAsync("meeting.livestream.state === 'LIVESTREAMING' && meeting.livestream.playbackUrl", MeetTab.Patience);
        var url = await ada.EvaluateAsync<string>("meeting.livestream.playbackUrl");
        await using var controller = await RealtimeClient.ConnectAsync(new RealtimeClientOptions
        {
            Host = RelayHosts.Of(server, isSecure: false), Project = server.Server.Credentials.AppId, Token = server.Server.Credentials.ApiToken,
        });
        var room = Assert.Single(await controller.Video.GetRoomSessionsAsync(), each => each.RoomId == meeting);
        var member = Assert.Single(await room.GetMembersAsync()).Id;
        await HearAsync(url, IsUsual);

        // 30 dB softer than usual, which is neither that nor silence.
        await room.SetInputVolumeAsync(member, -30);
        await HearAsync(url, level => level is > SilentDb + 5 and < UsualDb - 8);
        await room.SetInputVolumeAsync(member, -50);
        await HearAsync(url, level => level < SilentDb);
        await room.SetInputVolumeAsync(member, 0);
        await HearAsync(url, IsUsual);

        // A gate that nothing is loud enough for, and one that everything is.
        await room.SetInputSensitivityAsync(member, 0);
        await HearAsync(url, level => level < SilentDb);
        await room.SetInputSensitivityAsync(member, 30);
        await HearAsync(url, IsUsual);
        await ada.RunAsync("meeting.livestream.stop()");
        await ada.CloseAsync();
    }

    private static bool IsUsual(double level) => level > UsualDb;

    /// <summary>Listens until the tone is as wanted.</summary>
    private async Task HearAsync(string url, Func<double, bool> isWanted)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var reading = await ComposedReading.OfAsync(url, Listened);
            var level = reading.LoudestOf(MeetProbe.Tones[0]);
            if (reading.Sound.Length > 0 && isWanted(level))
            {
                return;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < MeetTab.Patience, $"The tone is at {level:F1} dB in {reading.Sound.Length} samples.\n{server.Server.Errors}");
        }
    }
}
