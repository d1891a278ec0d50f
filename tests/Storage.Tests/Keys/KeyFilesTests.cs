using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Keys;
using Roomcast.TestKit;

namespace Roomcast.Storage.Tests.Keys;

public sealed class KeyFilesTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();

    private KeyFiles Keys => new(
        new OptionsWrapper<StorageOptions>(new StorageOptions { DataFolder = _folder.PathOf("data") }), NullLogger<KeyFiles>.Instance);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_key_is_made_once_and_stays()
    {
        var key = Keys.GetOrCreate("playback-tokens", 32);

        Assert.Equal(32, key.Length);
        Assert.Equal(key, Keys.GetOrCreate("playback-tokens", 32));
        Assert.NotEqual(key, Keys.GetOrCreate("heartbeats", 32));
    }

    [Fact]
    public void Only_the_owner_may_read_a_key()
    {
        Keys.GetOrCreate("k", 32);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(PathOf("k")));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.PathOf("data", "keys")));
        Assert.Equal(["k"], Directory.GetFiles(_folder.PathOf("data", "keys")).Select(Path.GetFileName));
    }

    [Fact]
    public void A_key_that_others_could_read_is_closed_to_them()
    {
        var key = Keys.GetOrCreate("k", 32);
        File.SetUnixFileMode(PathOf("k"), OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        Assert.Equal(key, Keys.GetOrCreate("k", 32));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(PathOf("k")));
    }

    [Fact]
    public async Task All_who_ask_at_once_get_the_same_key()
    {
        // Each with its own object, as several processes would.
        var keys = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => Keys.GetOrCreate("k", 32))));

        Assert.All(keys, key => Assert.Equal(keys[0], key));
        Assert.Single(Directory.GetFiles(_folder.PathOf("data", "keys")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(64)]
    public void A_key_of_another_length_is_refused_and_not_replaced(int length)
    {
        Keys.GetOrCreate("k", 32);
        var bytes = new byte[length];
        File.WriteAllBytes(PathOf("k"), bytes);

        var fault = Assert.Throws<StorageException>(() => Keys.GetOrCreate("k", 32));

        Assert.Equal(StorageFailure.Corrupted, fault.Failure);
        Assert.Contains(PathOf("k"), fault.Message, StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(PathOf("k")));
    }

    [Fact]
    public void A_key_of_any_content_is_made_once()
    {
        var made = 0;
        byte[] Make()
        {
            made++;
            return "-----BEGIN"u8.ToArray();
        }

        Assert.Equal("-----BEGIN"u8.ToArray(), Keys.GetOrCreate("k.pem", Make));
        Assert.Equal("-----BEGIN"u8.ToArray(), Keys.GetOrCreate("k.pem", Make));
        Assert.Equal(1, made);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../escape")]
    [InlineData(".hidden")]
    [InlineData("Upper")]
    [InlineData("a/b")]
    [InlineData("a\0b")]
    [InlineData("a23456789012345678901234567890123456789012345678901234567890123456")]
    public void A_name_that_could_lead_elsewhere_is_refused(string name) =>
        Assert.Throws<ArgumentException>(() => Keys.GetOrCreate(name, 32));

    [Fact]
    public void A_secret_file_is_replaced_whole()
    {
        var path = _folder.PathOf("credentials.json");
        SecretFile.Write(path, "first, and longer"u8);
        SecretFile.Write(path, "second"u8);

        Assert.Equal("second", File.ReadAllText(path));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_secret_file_in_a_folder_that_is_missing_is_told_of()
    {
        var fault = Assert.Throws<StorageException>(() => SecretFile.Write(_folder.PathOf("missing", "x"), "x"u8));

        Assert.Contains(_folder.PathOf("missing", "x"), fault.Message, StringComparison.Ordinal);
    }

    private string PathOf(string name) => _folder.PathOf("data", "keys", name);
}
