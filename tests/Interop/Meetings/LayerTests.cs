using System.Text.Json;
using Xunit.Abstractions;

namespace Roomcast.Interop.Meetings;

/// <summary>A camera that is sent in several sizes reaches each tile in the one that fits it, as the tile shrinks and grows.</summary>
[Collection(MeetingServerTests.Name)]
public sealed class LayerTests(MeetingServer server, ITestOutputHelper output) : IAsyncLifetime
{
    // The browser whose camera is of 1280 by 720.

    // Upright, so that each of two tiles is as wide as the page.
    private static readonly (int Width, int Height) Large = (1_100, 1_420);
    private static readonly (int Width, int Height) Small = (420, 400);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => server.ClearAsync();

    /// <remarks>Sent as 1280, 640 and 320. A tile that has grown again is given the middle one: the client asks for no better one then.</remarks>
    [Fact]
    public async Task A_camera_in_three_sizes_follows_its_tile_down_and_up_again()
    {
        var preset = await server.CreatePresetAsync("wide", "group_call_host", each =>
        {
            var video = each["config"]!["media"]!["video"]!;
            video["quality"] = "hd";
            video["simulcast"] = true;
            video["frame_rate"] = 8;
        });
        await AssertFollowsAsync(preset, MeetingServer.LargeCamera, ["f", "h", "q"]);
    }

    /// <remarks>Sent as 640 and 320, as cameras are unless a preset asks for more.</remarks>
    [Fact]
    public Task A_camera_in_two_sizes_follows_its_tile_down_and_up_again() =>
        AssertFollowsAsync("group_call_host", MeetingServer.MiddleCamera, ["f", "h"]);

    private async Task AssertFollowsAsync(string preset, int camera, string[] encodings)
    {
        var meeting = await server.CreateMeetingAsync("Layers");
        var ada = await server.JoinAsync(meeting, 0, preset, camera);
        var ben = await server.JoinAsync(meeting, 1, "group_call_participant", width: Large.Width, height: Large.Height);
        var before = await WaitForWidthAsync(ada, ben, "width >= 480");
        await ben.AssertSeesAsync(ada);

        // The browser lists each encoding more than once, as it negotiated them.
        await ada.WaitAsync($$"""
            (async () => {
              const sent = (await probe.outbound()).filter(({ frames }) => frames > 0).map(({ rid }) => rid);
              return {{JsonSerializer.Serialize(encodings)}}.every((rid) => sent.includes(rid));
            })()
            """);

        await ben.Page.ResizeAsync(Small.Width, Small.Height);
        var small = await WaitForWidthAsync(ada, ben, $"width <= {before / 2}");
        await ben.AssertSeesAsync(ada);

        await ben.Page.ResizeAsync(Large.Width, Large.Height);
        var large = await WaitForWidthAsync(ada, ben, $"width >= {small * 3 / 2}");
        await ben.AssertSeesAsync(ada);
        output.WriteLine($"{before}, {small} and {large} pixels wide; sent {JsonSerializer.Serialize(await OutboundAsync(ada))}");
        await ada.LeaveAsync();
        await ben.LeaveAsync();
    }

    /// <summary>Waits until the picture that comes in is of some width; what is sent instead is part of the failure.</summary>
    private static async Task<int> WaitForWidthAsync(MeetTab from, MeetTab to, string condition)
    {
        var arrives = $"(async () => (await probe.inbound()).find(({{ width, frames }}) => frames > 0 && {condition})?.width ?? null)()";
        try
        {
            await to.WaitAsync(arrives);
        }
        catch (InvalidOperationException fault)
        {
            throw new InvalidOperationException(
                $"{fault.Message}\nSent: {JsonSerializer.Serialize(await OutboundAsync(from))}\nReceived: {JsonSerializer.Serialize(await to.InboundAsync())}");
        }

        return (await to.InboundAsync()).Max(each => each.Width);
    }

    private static Task<List<JsonElement>> OutboundAsync(MeetTab tab) => tab.Page.EvaluateAsync<List<JsonElement>>("probe.outbound()");
}
