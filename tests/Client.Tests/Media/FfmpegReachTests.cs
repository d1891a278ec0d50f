using System.Net;
using System.Net.Sockets;
using System.Text;
using Roomcast.Client.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Client.Tests.Media;

/// <summary>FFmpeg opens the file it is given and other files, and fetches nothing unless it is told by what.</summary>
public sealed class FfmpegReachTests : IAsyncLifetime, IDisposable
{
    private static readonly string[] Http = ["http", "tcp"];

    private readonly TemporaryFolder _folder = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private Task _serving = Task.CompletedTask;
    private byte[] _film = [];
    private int _connections;

    private string Address => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/film.mkv";

    public async Task InitializeAsync()
    {
        var path = _folder.PathOf("film.mkv");
        await FfmpegTool.RunAsync(
            "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=1", "-f", "lavfi", "-i", "sine=frequency=440:duration=1", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", path);
        _film = await File.ReadAllBytesAsync(path);
        _listener.Start();
        _serving = ServeAsync();
    }

    public async Task DisposeAsync()
    {
        _listener.Stop();
        await _serving;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_address_is_opened_where_its_protocols_are_named()
    {
        await using var pictures = new FfmpegVideoSource(Address, protocols: Http);
        await using var sound = new FfmpegAudioSource(Address, protocols: Http);

        Assert.Equal(25, await CountAsync(pictures));
        Assert.InRange(await CountAsync(sound), 50, 53);
        Assert.True(_connections >= 2, $"{_connections} connections came.");
    }

    [Fact]
    public async Task An_address_is_taken_for_a_path_otherwise_and_by_other_protocols_not_opened()
    {
        await using var plain = new FfmpegVideoSource(Address);
        await using var sound = new FfmpegAudioSource(Address);
        await using var secure = new FfmpegVideoSource(Address, protocols: ["https", "tls", "tcp", "file"]);
        await using var piped = new FfmpegVideoSource("pipe:0");
        await using var joined = new FfmpegVideoSource($"concat:{_folder.PathOf("film.mkv")}|{_folder.PathOf("film.mkv")}");

        foreach (var source in (FfmpegSource[])[plain, sound, secure, piped, joined])
        {
            var refused = await Assert.ThrowsAsync<FfmpegException>(async () => await source.ReadAsync(false, default));
            Assert.False(refused.IsMissing);
        }

        Assert.Equal(0, _connections);
    }

    [Theory]
    [InlineData("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n")]
    [InlineData("list.ffconcat", "ffconcat version 1.0\nfile '{0}'\n")]
    public async Task A_file_that_names_an_address_has_nothing_fetched(string name, string text)
    {
        var path = _folder.PathOf(name);
        await File.WriteAllTextAsync(path, text.Replace("{0}", Address, StringComparison.Ordinal));

        await Assert.ThrowsAsync<FfmpegException>(() => MediaFile.OpenAsync(path));

        Assert.Equal(0, _connections);
    }

    [Theory]
    [InlineData]
    [InlineData("")]
    [InlineData("ALL")]
    [InlineData("http", "tcp,file")]
    [InlineData("http:")]
    public void What_is_no_name_of_a_protocol_is_refused(params string[] protocols)
    {
        Assert.Throws<ArgumentException>(() => new FfmpegVideoSource(Address, protocols: protocols));
        Assert.Throws<ArgumentException>(() => new FfmpegAudioSource(Address, protocols: protocols));
    }

    private static async Task<int> CountAsync(FfmpegSource source)
    {
        var count = 0;
        while (await source.ReadAsync(false, default) is not null)
        {
            count++;
        }

        return count;
    }

    // The film, whatever is asked for.
    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref _connections);
                try
                {
                    var stream = client.GetStream();
                    var request = new StringBuilder();
                    var buffer = new byte[1_024];
                    while (!request.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer) is > 0 and var count)
                    {
                        request.Append(Encoding.ASCII.GetString(buffer, 0, count));
                    }

                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: video/x-matroska\r\nContent-Length: {_film.Length}\r\nConnection: close\r\n\r\n"));
                    await stream.WriteAsync(_film);
                }
                catch (IOException)
                {
                    // It has seen enough.
                }
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
