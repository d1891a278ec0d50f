using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Roomcast.TestKit.Rtmp;
using Roomcast.TestKit.Server;

namespace Roomcast.Server.Tests.Running;

/// <summary>A livestream of a running server that is published to in real time.</summary>
internal sealed partial class PublishedLivestream : IAsyncDisposable
{
    private readonly RoomcastProcess _server;
    private readonly JsonNode _livestream;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _publishing;

    private PublishedLivestream(RoomcastProcess server, JsonNode livestream, RtmpPublisher encoder, PublishMedia media)
    {
        (_server, _livestream, Encoder, Media) = (server, livestream, encoder, media);
        _publishing = encoder.PublishAsync(media, speed: 1, _stop.Token);
    }

    public string Id => (string)_livestream["id"]!;

    public RtmpPublisher Encoder { get; }

    public PublishMedia Media { get; }

    /// <summary>Makes one and begins to publish a minute of made-up media.</summary>
    public static async Task<PublishedLivestream> StartAsync(RoomcastProcess server, HttpClient api)
    {
        using var answer = await api.PostAsJsonAsync(new Uri($"{server.AppPath}/livestreams", UriKind.Relative), new { name = "Published" });
        answer.EnsureSuccessStatusCode();
        var livestream = (await answer.Content.ReadFromJsonAsync<JsonNode>())!["data"]!;
        var encoder = await RtmpPublisher.ConnectAsync($"{server.RtmpBase.OriginalString}/live/{(string)livestream["stream_key"]!}");
        return new PublishedLivestream(
            server, livestream, encoder, SyntheticMedia.Create(new SyntheticMediaOptions { Length = TimeSpan.FromSeconds(60) }));
    }

    /// <summary>Opens it as a player does, as soon as there is a segment: a viewer from then on.</summary>
    /// <returns>The address of the viewer's own media playlist, and what it says.</returns>
    public async Task<(Uri Address, string Playlist)> OpenAsync()
    {
        var playback = new Uri((string)_livestream["playback_url"]!);
        for (var attempt = 0; attempt < 100; attempt++)
        {
            using var answer = await _server.Http.GetAsync(playback);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                var multivariant = await answer.Content.ReadAsStringAsync();
                var address = new Uri(playback, multivariant.Split('\n').Last(line => line.Length > 0 && line[0] != '#'));
                for (; attempt < 100; attempt++)
                {
                    var playlist = await _server.Http.GetStringAsync(address);
                    if (playlist.Contains("#EXTINF", StringComparison.Ordinal))
                    {
                        return (address, playlist);
                    }

                    await Task.Delay(200);
                }
            }

            await Task.Delay(200);
        }

        throw new TimeoutException($"There is no playlist:\n{_server.Errors}");
    }

    /// <summary>Where the segment after the one that grows will be listed: a request for it is held.</summary>
    public static Uri AfterNext(Uri address, string playlist)
    {
        var first = int.Parse(FirstNumber().Match(playlist).Groups[1].Value, CultureInfo.InvariantCulture);
        return new Uri($"{address}?_HLS_msn={first + playlist.Split("#EXTINF").Length}");
    }

    /// <summary>Ends it as encoders do.</summary>
    public async Task UnpublishAsync()
    {
        await StopAsync();
        await Encoder.UnpublishAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Encoder.DisposeAsync();
        _stop.Dispose();
    }

    private async Task StopAsync()
    {
        // It was stopped, or the server has ended it.
        await _stop.CancelAsync();
        await _publishing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [GeneratedRegex("#EXT-X-MEDIA-SEQUENCE:([0-9]+)")]
    private static partial Regex FirstNumber();
}
