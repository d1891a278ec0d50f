namespace Roomcast.Interop.Meetings;

/// <summary>Cameras and microphones are chosen on the meeting page, before the meeting and in it.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class DeviceTests(MeetingServer server) : IAsyncLifetime
{
    private const int Ben = 1;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    [Fact]
    public async Task What_is_chosen_before_the_meeting_and_changed_in_it_is_what_the_other_sees_and_hears()
    {
        var meeting = await server.CreateMeetingAsync("Devices");
        var ada = await server.JoinAsync(meeting, 0);
        var ben = await server.OpenAsync(meeting, Ben, "group_call_participant", script: SecondDevices.Text);
        await ben.WaitForDevicesAsync();
        await ben.WaitAsync("probe.picture(document.getElementById('preview'))?.isRead === true");
        var own = await ChosenAsync(ben, "setup-camera");
        var ownMicrophone = await ChosenAsync(ben, "setup-mic");
        Assert.NotEqual(SecondDevices.Camera, own);
        Assert.NotEqual(SecondDevices.Microphone, ownMicrophone);

        // Before the meeting: the preview follows at once, and the others never see the first camera.
        await ChooseAsync(ben, "setup-camera", SecondDevices.Camera);
        await ben.WaitAsync($"probe.shows(document.getElementById('preview'), {SecondDevices.Source})");
        await ChooseAsync(ben, "setup-mic", SecondDevices.Microphone);
        await ben.JoinAsync();
        await ada.AssertSeesAsync(ben.Name, SecondDevices.Source);
        await ada.WaitUntilHearsAsync([SecondDevices.Source]);

        // In the meeting, one after the other, back and forth. Nothing is turned off for it.
        await ben.ClickAsync("#settings-button");
        foreach (var (camera, microphone, source) in new[]
        {
            (own, ownMicrophone, Ben),
            (SecondDevices.Camera, SecondDevices.Microphone, SecondDevices.Source),
        })
        {
            await ChooseAsync(ben, "camera", camera);
            await ada.WaitAsync($"probe.shows(probe.tile('Ben').querySelector('video'), {source})");
            await ada.AssertSeesAsync(ben.Name, source);
            await ben.WaitAsync($"probe.shows(probe.tile('Ben (you)').querySelector('video'), {source})");
            await ChooseAsync(ben, "mic", microphone);
            await ada.WaitUntilHearsAsync([source]);
            Assert.Equal("Ben, microphone on, camera on", await ada.Page.EvaluateAsync<string>("probe.tile('Ben').ariaLabel"));
        }

        // Off and on again it is still the one that was chosen.
        await ben.Page.PressAsync("Escape");
        await ben.ClickAsync("#camera");
        await ada.WaitAsync("probe.tile('Ben').ariaLabel === 'Ben, microphone on, camera off'");
        await ben.ClickAsync("#camera");
        await ada.WaitAsync($"probe.shows(probe.tile('Ben').querySelector('video'), {SecondDevices.Source})");
        await ada.AssertSeesAsync(ben.Name, SecondDevices.Source);
        await ben.LeaveAsync();
        await ada.LeaveAsync();
    }

    private static Task<string> ChosenAsync(MeetTab tab, string field) =>
        tab.Page.EvaluateAsync<string>($"document.getElementById('{field}-choice').selectedOptions[0]?.label ?? ''");

    private static async Task ChooseAsync(MeetTab tab, string field, string label)
    {
        await tab.WaitAsync($"[...document.getElementById('{field}-choice').options].some((each) => each.label === '{label}')");
        await tab.Page.ChooseAsync($"#{field}-choice", label);
        await tab.WaitAsync($"document.getElementById('{field}-choice').selectedOptions[0].label === '{label}'");
    }
}
