using Roomcast.Cli.Connecting;
using Roomcast.TestKit;

namespace Roomcast.Cli.Tests;

/// <summary>Where the tool is led, and by what.</summary>
public class ServerAccessTests
{
    [Theory]
    [InlineData(null, null, "http://found.example/")]
    [InlineData("ROOMCAST_TOKEN", "t", "http://127.0.0.1:8080/")]
    [InlineData("ROOMCAST_TOKEN_FILE", "t", "http://127.0.0.1:8080/")]
    [InlineData("ROOMCAST_PARTICIPANT_TOKEN", "t", "http://127.0.0.1:8080/")]
    [InlineData("ROOMCAST_STREAM_KEY", "k", "http://127.0.0.1:8080/")]
    [InlineData("ROOMCAST_URL", "http://told.example", "http://told.example/")]
    public async Task A_file_that_lies_in_the_folder_says_where_its_own_token_goes_and_no_other_secret(string? variable, string? value, string address)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "data"));
        var file = Path.Combine(folder.Path, "data", "credentials.json");
        await File.WriteAllTextAsync(file, """{"url":"http://found.example","account_id":"a","app_id":"b","api_token":"c"}""");

        using var found = new ServerAccess(RoomcastProgram.Build().Parse(["meeting", "list"]), name => name == variable ? value : null, folder.Path);
        Assert.Equal(address, found.BaseUri.ToString());

        // One that was named is trusted.
        using var named = new ServerAccess(RoomcastProgram.Build().Parse(["meeting", "list", "--credentials", file]), name => name == "ROOMCAST_TOKEN" ? "t" : null, folder.Path);
        Assert.Equal("http://found.example/", named.BaseUri.ToString());
        using var given = new ServerAccess(RoomcastProgram.Build().Parse(["meeting", "list", "--token", "t"]), static _ => null, folder.Path);
        Assert.Equal("http://127.0.0.1:8080/", given.BaseUri.ToString());
    }
}
