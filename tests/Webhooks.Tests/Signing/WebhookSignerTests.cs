using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Storage;
using Roomcast.Storage.Keys;
using Roomcast.TestKit;
using Roomcast.Webhooks.Signing;

namespace Roomcast.Webhooks.Tests.Signing;

public sealed class WebhookSignerTests
{
    [Fact]
    public void A_key_that_could_not_be_read_once_is_read_when_the_disk_is_well_again()
    {
        using var folder = new TemporaryFolder();
        var data = folder.PathOf("data");
        File.WriteAllText(data, "In the way.");
        var keys = new KeyFiles(Options.Create(new StorageOptions { DataFolder = data }), NullLogger<KeyFiles>.Instance);
        using var signer = new WebhookSigner(keys, Options.Create(new WebhookOptions()));
        Assert.ThrowsAny<Exception>(() => signer.Sign("body"u8));
        Assert.ThrowsAny<Exception>(() => signer.PublicKey);

        File.Delete(data);

        Assert.NotEmpty(signer.Sign("body"u8));
        Assert.Equal(signer.PublicKey, signer.PublicKeys[0]);
    }
}
