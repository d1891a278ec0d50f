using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Roomcast.Accounts;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tests.Records;
using Roomcast.Storage;
using Roomcast.Storage.Keys;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;

namespace Roomcast.Meetings.Tests.Blobs;

public sealed class ChatFilesTests : IAsyncLifetime, IDisposable
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, .. new byte[40]];
    private static readonly byte[] Page = "<html><script>alert(1)</script></html>"u8.ToArray();

    private readonly ManualClock _clock = new();
    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();
    private readonly ChatFileOptions _options = new() { MaxFileBytes = 100_000, MinFreeBytes = 0, AllowedEndings = null };
    private WebApplication _server = null!;

    private ChatFiles Files => _server.Services.GetRequiredService<ChatFiles>();

    private string Folder => Path.Combine(_folder.Path, "chat-files");

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Services.Configure<StorageOptions>(storage => storage.DataFolder = _folder.Path);
        builder.Services.AddSingleton<KeyFiles>();
        builder.Services.AddSingleton(provider => new ChatFiles(
            new Microsoft.Extensions.Options.OptionsWrapper<ChatFileOptions>(_options),
            provider.GetRequiredService<KeyFiles>(),
            _clock,
            provider.GetRequiredService<ILogger<ChatFiles>>()));
        _options.Folder = Folder;
        _options.BaseAddress = "https://meet.example.org/";
        _server = builder.Build();
        _server.MapChatFiles();
        await _server.StartAsync();
        _client.BaseAddress = new Uri(_server.Urls.Single());
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_picture_is_put_and_got_in_place()
    {
        var file = Reserve("cat.png");
        Assert.StartsWith("https://meet.example.org/chat-files/", file.PutAddress, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(file)).StatusCode);
        using var put = await PutAsync(file, Png, "image/png");
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        Assert.Equal(["*"], put.Headers.GetValues("Access-Control-Allow-Origin"));

        using var got = await GetAsync(file);
        Assert.Equal(HttpStatusCode.OK, got.StatusCode);
        Assert.Equal(Png, await got.Content.ReadAsByteArrayAsync());
        Assert.Equal("image/png", got.Content.Headers.ContentType!.ToString());
        Assert.Equal("inline", got.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal(["nosniff"], got.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal(["default-src 'none'; sandbox"], got.Headers.GetValues("Content-Security-Policy"));
        Assert.Equal(["cross-origin"], got.Headers.GetValues("Cross-Origin-Resource-Policy"));
        Assert.Equal(["*"], got.Headers.GetValues("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("page.html", "text/html")]
    [InlineData("drawing.svg", "image/svg+xml")]
    [InlineData("noending", "text/html")]
    public async Task What_is_no_picture_is_only_ever_downloaded(string name, string type)
    {
        var file = Reserve(name);
        using var put = await PutAsync(file, Page, type);
        using var got = await GetAsync(file);

        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        Assert.Equal("application/octet-stream", got.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment", got.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal(name, got.Content.Headers.ContentDisposition.FileName!.Trim('"'));
        Assert.Equal(["nosniff"], got.Headers.GetValues("X-Content-Type-Options"));
    }

    [Fact]
    public async Task A_page_that_is_called_a_picture_is_refused()
    {
        foreach (var name in new[] { "cat.png", "cat.JPG", "cat.jpeg", "cat.gif", "cat.webp" })
        {
            var file = Reserve(name);
            using var put = await PutAsync(file, Page, "image/png");
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, put.StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(file)).StatusCode);
        }

        using var empty = await PutAsync(Reserve("cat.png"), [], "image/png");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, empty.StatusCode);

        _options.ChecksPictures = false;
        using var taken = await PutAsync(Reserve("cat.png"), Page, "image/png");
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
    }

    [Fact]
    public async Task Each_kind_of_picture_is_known_by_its_first_bytes()
    {
        foreach (var (name, head) in new (string, byte[])[]
        {
            ("a.jpg", [0xFF, 0xD8, 0xFF, 0xE0, .. new byte[20]]),
            ("a.gif", "GIF89a--------------"u8.ToArray()),
            ("a.webp", "RIFF----WEBPVP8 ----"u8.ToArray()),
        })
        {
            var file = Reserve(name);
            using var put = await PutAsync(file, head, "application/octet-stream");
            using var got = await GetAsync(file);
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
            Assert.StartsWith("image/", got.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_cap_holds_whether_the_length_is_told_or_not()
    {
        var bytes = new byte[_options.MaxFileBytes + 1];
        var told = Reserve("big.bin");
        using var refused = await PutAsync(told, bytes, "application/octet-stream");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);

        var untold = Reserve("big.bin");
        using var chunked = new HttpRequestMessage(HttpMethod.Put, Local(untold.PutAddress)) { Content = new ByteArrayContent(bytes) };
        chunked.Headers.TransferEncodingChunked = true;
        using var cut = await _client.SendAsync(chunked);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, cut.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(untold)).StatusCode);
        Assert.Empty(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories));

        using var fits = await PutAsync(Reserve("big.bin"), bytes[1..], "application/octet-stream");
        Assert.Equal(HttpStatusCode.OK, fits.StatusCode);
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing()
    {
        var file = Reserve("half.bin");
        using var request = new HttpRequestMessage(HttpMethod.Put, Local(file.PutAddress)) { Content = new BreakingContent() };
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => _client.SendAsync(request));

        Assert.True(SpinWait.SpinUntil(
            () => !Directory.Exists(Folder) || !Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Any(),
            TimeSpan.FromSeconds(30)));
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(file)).StatusCode);
        using var again = await PutAsync(file, Page, "text/plain");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task The_same_bytes_may_be_put_again_and_others_not()
    {
        var file = Reserve("cat.png");
        for (var i = 0; i < 2; i++)
        {
            using var put = await PutAsync(file, Png, "image/png");
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        }

        using var other = await PutAsync(file, [.. Png, 1], "image/png");
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Equal(Png, await (await GetAsync(file)).Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task An_address_that_is_changed_anywhere_is_refused()
    {
        var file = Reserve("cat.png");
        using var put = await PutAsync(file, Png, "image/png");
        foreach (var address in new[] { file.GetAddress, file.PutAddress })
        {
            var path = new Uri(address).PathAndQuery;
            for (var at = "/chat-files/".Length; at < path.Length; at++)
            {
                foreach (var replacement in new[] { 'a', '7', '_' }.Where(replacement => replacement != path[at]))
                {
                    var changed = $"{path[..at]}{replacement}{path[(at + 1)..]}";
                    using var got = await _client.GetAsync(new Uri(changed, UriKind.Relative));
                    Assert.True(
                        got.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed,
                        $"{changed}: {got.StatusCode}");
                }
            }
        }

        // Each holds only for its own use.
        Assert.Equal(HttpStatusCode.Forbidden, (await _client.GetAsync(Local(file.PutAddress))).StatusCode);
        using var content = new ByteArrayContent(Png);
        Assert.Equal(HttpStatusCode.Forbidden, (await _client.PutAsync(Local(file.GetAddress), content)).StatusCode);
    }

    [Theory]
    [InlineData("/chat-files/lasting/../../x?expires=0&signature=a")]
    [InlineData("/chat-files/..%2F..%2Fx/00000000000000000000000000000000/a?expires=0&signature=a")]
    [InlineData("/chat-files/lasting/..%2F..%2Fkeys%2Fchat-files.key/a?expires=0&signature=a")]
    [InlineData("/chat-files/lasting/00000000000000000000000000000000/a")]
    [InlineData("/chat-files/lasting/00000000000000000000000000000000/a?expires=-1&signature=%00")]
    [InlineData("/chat-files/incoming/00000000000000000000000000000000/a?expires=0&signature=a")]
    public async Task What_was_not_signed_leads_nowhere(string path)
    {
        using var got = await _client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.True(got.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_address_holds_for_its_time_and_a_lasting_one_for_good()
    {
        var (passing, lasting) = (Reserve("a.txt"), Files.Reserve("b.txt", isLasting: true)!.Value);
        var late = Reserve("c.txt");
        using var first = await PutAsync(passing, Page, "text/plain");
        using var second = await PutAsync(lasting, Page, "text/plain");

        _clock.Advance(_options.UploadTime);
        using var tooLate = await PutAsync(late, Page, "text/plain");
        Assert.Equal(HttpStatusCode.Forbidden, tooLate.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(passing)).StatusCode);

        _clock.Advance(_options.Retention);
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(passing)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(lasting)).StatusCode);

        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, Files.DeleteOld());
        Assert.Equal(0, Files.DeleteOld());
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(lasting)).StatusCode);
        Assert.Single(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_shorter_life_may_be_asked_for_and_a_longer_one_not()
    {
        var brief = Files.Reserve("a.txt", isLasting: false, TimeSpan.FromHours(1))!.Value;
        var greedy = Files.Reserve("a.txt", isLasting: false, TimeSpan.FromDays(3_000))!.Value;
        using var first = await PutAsync(brief, Page, "text/plain");
        using var second = await PutAsync(greedy, Page, "text/plain");

        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(brief)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(greedy)).StatusCode);
        _clock.Advance(_options.Retention);
        Assert.Equal(HttpStatusCode.Forbidden, (await GetAsync(greedy)).StatusCode);
    }

    [Fact]
    public async Task Parts_of_a_file_can_be_asked_for()
    {
        var file = Reserve("film.bin");
        using var put = await PutAsync(file, [.. Enumerable.Range(0, 200).Select(i => (byte)i)], "video/mp4");
        using var request = new HttpRequestMessage(HttpMethod.Get, Local(file.GetAddress));
        request.Headers.Range = new RangeHeaderValue(10, 12);
        using var part = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal([10, 11, 12], await part.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_preflight_is_answered_for_any_page()
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, Local(Reserve("a.txt").PutAddress));
        using var answer = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(["*"], answer.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Equal(["GET, PUT"], answer.Headers.GetValues("Access-Control-Allow-Methods"));
        Assert.Equal(["Content-Type"], answer.Headers.GetValues("Access-Control-Allow-Headers"));
    }

    [Fact]
    public void Only_allowed_endings_are_taken()
    {
        _options.AllowedEndings = "png, .PDF";
        var strict = new ChatFiles(
            new Microsoft.Extensions.Options.OptionsWrapper<ChatFileOptions>(_options),
            _server.Services.GetRequiredService<KeyFiles>(),
            _clock,
            _server.Services.GetRequiredService<ILogger<ChatFiles>>());
        Assert.NotNull(strict.Reserve("a.PNG", isLasting: false));
        Assert.NotNull(strict.Reserve("a.pdf", isLasting: false));
        Assert.Null(strict.Reserve("a.exe", isLasting: false));
        Assert.Null(strict.Reserve("png", isLasting: false));
        Assert.Null(strict.Reserve("a.png.exe", isLasting: false));
    }

    [Fact]
    public async Task A_disk_without_room_to_spare_takes_no_file()
    {
        _options.MinFreeBytes = long.MaxValue;
        using var put = await PutAsync(Reserve("a.txt"), Page, "text/plain");
        Assert.Equal(HttpStatusCode.InsufficientStorage, put.StatusCode);
        Assert.NotNull(put.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("cat.png", "cat.png")]
    [InlineData("C:\\Users\\me\\cat.png", "cat.png")]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("", "file")]
    [InlineData("...", "file")]
    [InlineData(".bashrc", "bashrc")]
    [InlineData("a\r\nSet-Cookie: x", "a__Set-Cookie_ x")]
    [InlineData("naïve 文件 (1).txt", "naïve 文件 (1).txt")]
    [InlineData("a\"b;c\0d\u202e.txt", "a_b_c_d_.txt")]
    public void A_name_is_cleaned(string name, string cleaned) => Assert.Equal(cleaned, ChatFileName.Clean(name));

    [Fact]
    public void A_long_name_keeps_its_ending()
    {
        var cleaned = ChatFileName.Clean(new string('x', 5_000) + ".jpeg");
        Assert.Equal((ChatFileName.MaxLength, "jpeg"), (cleaned.Length, ChatFileName.EndingOf(cleaned)));
        Assert.Equal("_.txt", ChatFileName.Clean("\ud800.txt"));
        cleaned = ChatFileName.Clean(string.Concat(Enumerable.Repeat("𝒳", 200)));
        Assert.True(cleaned.Length <= ChatFileName.MaxLength && !char.IsHighSurrogate(cleaned[^1]));
    }

    [Fact]
    public async Task A_name_in_any_script_comes_back_with_the_file()
    {
        var file = Reserve("naïve 文件 100%.txt");
        using var put = await PutAsync(file, Page, "text/plain");
        using var got = await GetAsync(file);
        Assert.Equal(HttpStatusCode.OK, got.StatusCode);
        Assert.Equal("naïve 文件 100_.txt", got.Content.Headers.ContentDisposition!.FileNameStar);
    }

    private ReservedChatFile Reserve(string name) => Files.Reserve(name, isLasting: false)!.Value;

    private static Uri Local(string address) => new(new Uri(address).PathAndQuery, UriKind.Relative);

    private Task<HttpResponseMessage> GetAsync(ReservedChatFile file) => _client.GetAsync(Local(file.GetAddress));

    private async Task<HttpResponseMessage> PutAsync(ReservedChatFile file, byte[] bytes, string type)
    {
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await _client.PutAsync(Local(file.PutAddress), content);
    }

    /// <summary>Promises more than it sends.</summary>
    private sealed class BreakingContent : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[1_000]);
            await stream.FlushAsync();
            throw new IOException("The uploader went away.");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 50_000;
            return true;
        }
    }
}

public sealed class SqliteChatClearingTests() : ChatClearingTests(DatabaseEngine.Sqlite);

public sealed class PostgresChatClearingTests() : ChatClearingTests(DatabaseEngine.Postgres);

public abstract class ChatClearingTests(DatabaseEngine engine) : MeetingRecordsTests(engine)
{
    [Fact]
    public async Task Messages_go_when_their_session_ended_long_ago_unless_they_last()
    {
        var meeting = await MakeMeetingAsync();
        var participant = await MakeParticipantAsync(meeting);
        var session = await Sessions.BeginAsync(meeting, Now, TimeSpan.Zero, None);
        await AddAsync(isLasting: false, isPrivate: true);
        await AddAsync(isLasting: false, isPrivate: false);
        var lasting = await AddAsync(isLasting: true, isPrivate: true);

        Assert.Equal(0, await Chat.DeletePassingAsync(Now + TimeSpan.FromDays(1), None));
        await Sessions.EndAsync(session.Id, Now, SessionEndReason.EverybodyLeft, None);
        Assert.Equal(0, await Chat.DeletePassingAsync(Now, None));
        Assert.Equal(2, await Chat.DeletePassingAsync(Now + TimeSpan.FromMilliseconds(1), None));
        Assert.Equal(
            [lasting],
            (await Chat.ListAsync(new ChatScope(meeting.Id, session.Id, false), new ChatQuery { Viewer = participant.Id }, None)).Messages);

        async Task<ChatMessage> AddAsync(bool isLasting, bool isPrivate) => await Chat.AddAsync(
            meeting.AppId,
            new ChatMessage
            {
                Id = new ChatMessageId(Guid.NewGuid()),
                MeetingId = meeting.Id,
                SessionId = session.Id,
                PeerId = new PeerId(Guid.NewGuid()),
                ParticipantId = participant.Id,
                DisplayName = "A",
                Kind = ChatMessageKind.Text,
                Payload = "x",
                Targets = isPrivate ? [participant.Id] : [],
                CreatedAt = Now,
            },
            isLasting,
            None);
    }
}
