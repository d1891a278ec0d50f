using Roomcast.Interop.Browser;
using Xunit.Abstractions;

namespace Roomcast.Interop.Meetings;

/// <summary>People meet in real browsers over the meeting page, whose client is the official package as it is.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class MeetingTests(MeetingServer server, ITestOutputHelper output)
{
    [Fact]
    public async Task Two_people_see_and_hear_each_other()
    {
        var meeting = await server.CreateMeetingAsync("Two");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.JoinAsync(meeting, 1, "group_call_participant");
        await ada.WaitForOthersAsync("Ben");
        await ben.WaitForOthersAsync("Ada");
        await ada.AssertSeesAsync(ben);
        await ben.AssertSeesAsync(ada);
        await ada.WaitUntilHearsAsync(ben);
        await ben.WaitUntilHearsAsync(ada);
        output.WriteLine(await ada.Page.AccessibilityAsync());
        await ben.LeaveAsync();
        await ada.WaitForOthersAsync();
        await ada.LeaveAsync();
    }
}
