using System.Text;
using Roomcast.Egress.Push;

namespace Roomcast.Fuzz.Rtmp;

/// <summary>Addresses that owners give, and what targets say of them.</summary>
public sealed class PushAddressFuzz
{
    [Fact]
    public void An_address_of_any_kind_is_taken_or_refused_and_never_shows_its_key() => FuzzRun.Of(
        "push-address",
        [
            "rtmp://host/app/key?query=secret"u8.ToArray(), "rtmps://[::1]:443/a/b/c"u8.ToArray(), "rtmp://user:pass@host/app/%2e%2e/k"u8.ToArray(),
            "rtmp://host/app?x=y/longer-key"u8.ToArray(), "rtmp://h"u8.ToArray(),
        ],
        static input =>
        {
            var text = Encoding.UTF8.GetString(input);
            Check(text, null);
            Check("rtmp://host/app", text);
        });

    private static void Check(string url, string? key)
    {
        if (!PushAddress.TryParse(url, key, out var address, out var fault))
        {
            if (fault is PushAddressFault.None)
            {
                throw new InvalidOperationException("It was refused without a fault.");
            }

            return;
        }

        var said = address.Cleanse($"{address.StreamKey ?? address.Url} was refused");
        if (key is { Length: > 3 } && (said?.Contains(key, StringComparison.OrdinalIgnoreCase) ?? false))
        {
            throw new InvalidOperationException("The key is told.");
        }

        if (address.Covered.Contains('?', StringComparison.Ordinal) || !address.Covered.EndsWith("/***", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The address shows too much: {address.Covered}");
        }
    }
}
