using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;
using Roomcast.Server.Live;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Live;

/// <summary>Pictures of participants are fetched from where customers say, and from nowhere that strangers should reach.</summary>
public sealed class ParticipantPicturesTests : IAsyncLifetime, IDisposable
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly ConcurrentQueue<string> _asked = new();
    private WebApplication _host = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _host = builder.Build();
        _host.MapGet("/{what}", (string what) =>
        {
            _asked.Enqueue(what);
            return what switch
            {
                "large" => Results.Bytes([.. Png, .. new byte[PictureFetch.MaxBytes]]),
                "text" => Results.Text("<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
                "moved" => Results.Redirect("/picture"),
                "gone" => Results.NotFound(),
                _ => Results.Bytes(Png, "text/plain"), // What it is said to be does not matter.
            };
        });
        await _host.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_is_fetched_once_kept_for_an_hour_and_told_when_it_has_come()
    {
        using var pictures = Pictures();
        var told = new ConcurrentQueue<string>();
        pictures.Fetched += told.Enqueue;
        var address = AddressOf("picture");
        Assert.Null(pictures.FileOf(address));
        var file = await UntilAsync(() => pictures.FileOf(address));
        Assert.Equal(Png, await File.ReadAllBytesAsync(file));
        Assert.EndsWith(".png", file, StringComparison.Ordinal);
        Assert.Equal([address], told);
        Assert.Equal(file, pictures.FileOf(address));
        Assert.Single(_asked);

        _clock.Advance(ParticipantPictures.Lifetime + TimeSpan.FromSeconds(1));
        var newer = await UntilAsync(() => pictures.FileOf(address) is { } now && now != file ? now : null);
        Assert.True(File.Exists(newer) && !File.Exists(file));
        Assert.Equal(2, _asked.Count);
    }

    [Theory]
    [InlineData("large")]
    [InlineData("text")]
    [InlineData("moved")]
    [InlineData("gone")]
    public async Task What_is_too_large_no_picture_elsewhere_or_gone_is_not_shown_and_asked_for_again_only_after_a_while(string what)
    {
        using var pictures = Pictures();
        Assert.Null(pictures.FileOf(AddressOf(what)));
        await UntilAsync(() => _asked.IsEmpty ? null : "asked");
        for (var look = 0; look < 20; look++)
        {
            Assert.Null(pictures.FileOf(AddressOf(what)));
            await Task.Delay(10);
        }

        Assert.Equal([what], _asked);
        await UntilAsync(() =>
        {
            // It is under way until its answer was read.
            _clock.Advance(ParticipantPictures.RetryAfter);
            pictures.FileOf(AddressOf(what));
            return _asked.Count == 2 ? "asked again" : null;
        });
        Assert.DoesNotContain("picture", _asked);
    }

    [Fact]
    public async Task Nothing_is_fetched_from_private_networks_unless_they_are_allowed()
    {
        using var pictures = Pictures(allowsPrivate: false);
        foreach (var address in (string[])[AddressOf("picture"), AddressOf("picture").Replace("127.0.0.1", "localhost", StringComparison.Ordinal), "file:///etc/passwd", "nothing", ""])
        {
            Assert.Null(pictures.FileOf(address));
        }

        await Task.Delay(500);
        Assert.Null(pictures.FileOf(AddressOf("picture")));
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task Of_too_many_the_one_asked_for_longest_ago_is_given_up()
    {
        using var pictures = Pictures();
        var first = await UntilAsync(() => pictures.FileOf(AddressOf("0")));
        for (var each = 1; each <= ParticipantPictures.MostKept; each++)
        {
            await UntilAsync(() => pictures.FileOf(AddressOf($"{each}")));
        }

        Assert.False(File.Exists(first));
        Assert.Equal(ParticipantPictures.MostKept, Directory.GetFiles(_folder.PathOf("pictures")).Length);
    }

    private static async Task<string> UntilAsync(Func<string?> ask)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (ask() is { } answer)
            {
                return answer;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "It did not come.");
            await Task.Delay(5);
        }
    }

    private string AddressOf(string what) => $"{_host.Urls.Single()}/{what}";

    private ParticipantPictures Pictures(bool allowsPrivate = true) => new(
        Options.Create(new SceneStyleOptions { AllowsPrivatePictures = allowsPrivate, PictureFolder = _folder.PathOf("pictures") }),
        _clock,
        NullLogger<ParticipantPictures>.Instance);
}
