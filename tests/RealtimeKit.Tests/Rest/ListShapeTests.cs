using System.Text.Json.Nodes;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

public sealed class ListShapeTests
{
    [Fact]
    public async Task A_list_of_livestreams_is_an_array_when_set_so()
    {
        await using var host = await ApiHost.StartAsync(options => options.ListShape = LivestreamListShape.Array);
        var path = $"{host.One.AppPath}/livestreams";

        var empty = await host.Client.GetAsync(path, host.One.WriteToken);
        var older = await host.NewLivestreamAsync(host.One.First);
        var newer = await host.NewLivestreamAsync(host.One.First);
        var list = await host.Client.GetAsync(path, host.One.WriteToken);

        Assert.IsType<JsonArray>(empty.Data);
        Assert.Equal((0, 0, 0), empty.Paging);
        Assert.Equal([newer.Id.ToString(), older.Id.ToString()], list.Data.AsArray().Select(item => item!["id"]!.GetValue<string>()));
        Assert.Equal((1, 2, 2), list.Paging);
    }
}
