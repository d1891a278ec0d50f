using Roomcast.Egress.Push;

namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>Reads addresses that are to be pushed to, and says what is wrong with them.</summary>
internal static class PushAddresses
{
    /// <summary>Reads one.</summary>
    /// <param name="url">As it was given.</param>
    /// <param name="streamKey">The stream key beside it; null when it stands in the address.</param>
    /// <param name="hasKeyField">Whether the request has a <c>stream_key</c> at all, to be spoken of.</param>
    /// <param name="mayPushTo">Whether one may be pushed to.</param>
    /// <param name="address">The address; null when something is wrong.</param>
    /// <returns>What is wrong, to be put behind the field's name; null when nothing is.</returns>
    public static string? Check(
        string url, string? streamKey, bool hasKeyField, Func<PushAddress, bool> mayPushTo, out PushAddress? address)
    {
        if (!PushAddress.TryParse(url, streamKey, out address, out var fault))
        {
            return fault switch
            {
                PushAddressFault.NotPrintable => $"{(hasKeyField ? "and stream_key " : "")}must not hold blanks or control characters",
                PushAddressFault.NoStreamName => $"must end with the stream key{(hasKeyField ? ", or stream_key must tell it" : "")}",
                PushAddressFault.NamesUser => "must not name a user or a password: give what the service calls the stream key",
                _ => "must be an address like rtmp://host/app/key or rtmps://host:port/app/key",
            };
        }

        if (mayPushTo(address))
        {
            return null;
        }

        address = null;
        return "must not lead into a private network; the setting push_private_networks allows some";
    }
}
