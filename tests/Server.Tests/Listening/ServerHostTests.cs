using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.Livestreams;
using Roomcast.Meetings.Blobs;
using Roomcast.Server.Configuration;
using Roomcast.Server.Listening;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Listening;

public sealed class ServerHostTests : IDisposable
{
    private static readonly string[] Ports = ["--http-port", "0", "--https-port", "0", "--rtmp-port", "0", "--rtmps-port", "0", "--rtc-port", "0"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Programs_are_told_to_download_where_they_are_told_to_play()
    {
        Read([], (playback, downloads, chat) =>
        {
            Assert.StartsWith("http://localhost:", playback, StringComparison.Ordinal);
            Assert.Equal(playback, downloads);

            // What a page shows must come as it came.
            Assert.StartsWith("https://localhost:", chat, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("--playback-scheme", "https", "https://localhost:")]
    [InlineData("--public-url", "https://live.example.org", "https://live.example.org")]
    [InlineData("--public-url", "http://live.example.org:8088", "http://live.example.org:8088")]
    public void The_settings_of_playback_are_those_of_downloads(string option, string value, string start)
    {
        Read([option, value], (playback, downloads, chat) =>
        {
            Assert.StartsWith(start, downloads, StringComparison.Ordinal);
            Assert.Equal(playback, downloads);
            Assert.StartsWith("https://", chat, StringComparison.Ordinal);
        });
    }

    private void Read(string[] arguments, Action<string, string, string> check)
    {
        var reading = SettingsReader.Read(
            ServerSettings.Registry, ["--bind", "127.0.0.1", .. Ports, .. arguments], new Dictionary<string, string>(), _folder.Path);
        Assert.Empty(reading.Faults);
        var names = new ServerNames(reading.Values);
        using var sockets = ListenerSockets.Bind(reading.Values, names);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.AddServerHost(reading, sockets, names);
        using var services = builder.Services.BuildServiceProvider();
        check(
            services.GetRequiredService<PublicAddresses>().HttpBase,
            services.GetRequiredService<IOptions<BlobOptions>>().Value.BaseAddress,
            services.GetRequiredService<IOptions<ChatFileOptions>>().Value.BaseAddress);
    }
}
