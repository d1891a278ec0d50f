namespace Roomcast.Interop.Meetings;

/// <summary>A participant's network goes away for a while, and the meeting goes on by itself when it is back.</summary>
public sealed class NetworkLossTests : CuttableMeetingTests
{
    [Fact]
    public async Task Who_loses_the_network_for_3_and_for_20_seconds_comes_back_by_itself()
    {
        var meeting = await Server.CreateMeetingAsync("Network");
        var ada = await Server.JoinAsync(meeting, 0);
        var ben = await Server.JoinAsync(meeting, 1, "group_call_participant");
        await ada.AssertSeesAsync(ben);
        await ben.AssertSeesAsync(ada);

        foreach (var seconds in new[] { 3, 20 })
        {
            Network.Cut(1, await ada.Page.EvaluateAsync<List<int>>("probe.localPorts()"));
            // The loss itself is what takes this long; that the picture stands still shows that it is one.
            var before = (await ben.InboundAsync()).Sum(each => each.Packets);
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            var lost = (await ben.InboundAsync()).Sum(each => each.Packets) - before;
            Assert.InRange(lost, -before, 20);
            Network.Restore();

            await ben.WaitAsync("document.getElementById('meeting').dataset.connection === 'steady'");
            await ben.WaitForOthersAsync("Ada");
            await ada.WaitForOthersAsync("Ben");
            await ben.AssertSeesAsync(ada);
            await ada.AssertSeesAsync(ben);
            await ben.WaitUntilHearsAsync(ada);
            await ada.WaitUntilHearsAsync(ben);
            Assert.Equal("inside", await ben.Page.EvaluateAsync<string>("document.body.dataset.place"));
        }
    }
}
