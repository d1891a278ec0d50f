using System.Collections.Concurrent;
using Roomcast.Client.Meeting;

namespace Roomcast.Interop.Meetings;

/// <summary>A participant of the client for .NET and one with the official package in Chromium, in one meeting.</summary>
public sealed class DotNetAndBrowserTests : CuttableMeetingTests
{
    private const string Browser = "Ada";
    private const string DotNet = "Ben";

    private Uri DotNetAddress => new UriBuilder("https", CuttableNetwork.AddressOf(1).ToString(), Server.Server.HttpsBase.Port).Uri;

    [Fact]
    public async Task They_see_hear_and_write_to_each_other_and_do_so_when_5_percent_are_lost()
    {
        var meeting = await Server.CreateMeetingAsync("Both");
        var ada = await Server.JoinAsync(meeting, 0);
        await using var ben = await DotNetParticipant.JoinAsync(Server, DotNetAddress, meeting, 1);
        await ada.WaitForOthersAsync(DotNet);
        await AssertTogetherAsync(ada, ben);
        await AssertWriteAsync(ada, ben, "in peace");

        Network.Loss = 0.05;
        await AssertTogetherAsync(ada, ben);
        await AssertWriteAsync(ada, ben, "in a storm");
        Assert.True(Network.Lost > 20, $"{Network.Lost} datagrams were lost.");

        Network.Loss = 0;
        await ada.LeaveAsync();
    }

    [Fact]
    public async Task They_find_each_other_again_after_a_lost_socket_and_after_a_restart_of_the_server()
    {
        var meeting = await Server.CreateMeetingAsync("Again");
        var ada = await Server.JoinAsync(meeting, 0);
        await using var ben = await DotNetParticipant.JoinAsync(Server, DotNetAddress, meeting, 1);
        var states = new ConcurrentQueue<RoomState>();
        ben.Meeting.Self.RoomLeft += states.Enqueue;
        var returns = 0;
        ben.Meeting.Self.RoomJoined += isAgain => Interlocked.Add(ref returns, isAgain ? 1 : 0);
        await AssertTogetherAsync(ada, ben);

        // The socket breaks, and the media goes on or is made anew; neither needs anybody to do anything.
        Assert.True(Network.Reset(1) > 0, "There was no connection to break.");
        await WaitForReturnAsync(() => returns, 1);
        await AssertTogetherAsync(ada, ben);
        await AssertWriteAsync(ada, ben, "after the socket");

        await Server.RestartAsync();
        await WaitForReturnAsync(() => returns, 2);
        await ada.WaitForOthersAsync(DotNet);
        await AssertTogetherAsync(ada, ben);
        await AssertWriteAsync(ada, ben, "after the restart");

        // Told of each loss, and never of an end.
        Assert.True(states.Count >= 2, $"{DotNet} was told of {states.Count} losses, and there were two.");
        Assert.All(states, state => Assert.Equal(RoomState.Disconnected, state));
        await ada.LeaveAsync();
    }

    private static async Task WaitForReturnAsync(Func<int> returns, int least)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); returns() < least;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < MeetTab.Patience, $"{DotNet} came back {returns()} times, not {least}.");
            await Task.Delay(50);
        }
    }

    private static async Task AssertTogetherAsync(MeetTab ada, DotNetParticipant ben)
    {
        await ada.AssertSeesAsync(DotNet);
        await ben.AssertSeesAsync(Browser);
        await ada.WaitUntilHearsAsync([DotNet]);
        await ben.WaitUntilHearsAsync(Browser);
    }

    private static async Task AssertWriteAsync(MeetTab ada, DotNetParticipant ben, string when)
    {
        await ada.OpenPaneAsync("chat");
        await ada.Page.FillAsync("#chat-text", $"From the browser {when}.");
        await ada.Page.PressAsync("Enter");
        await ben.WaitForChatAsync(Browser, $"From the browser {when}.");
        await ben.Meeting.Chat.SendTextMessageAsync($"From .NET {when}.");
        await ada.WaitAsync($"[...document.querySelectorAll('.line-body')].some((each) => each.textContent === 'From .NET {when}.')");
    }
}
