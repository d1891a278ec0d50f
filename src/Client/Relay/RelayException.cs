namespace Roomcast.Client.Relay;

/// <summary>The server refused a request of the RELAY protocol, or what was begun by one has failed.</summary>
public sealed class RelayException : RealtimeKitException
{
    internal RelayException(RealtimeKitError error, string code, string message)
        : base(error, message)
    {
        Code = code;
    }

    /// <summary>
    /// The server's code: three digits as of HTTP (<c>404</c>), or the number of a JSON-RPC error (<c>-32002</c>); empty when a
    /// stream, recording or playback was taken and did not begin.
    /// </summary>
    public string Code { get; }

    /// <summary>Makes the one that a code of the server stands for.</summary>
    internal static RelayException Of(string code, string message) => new(
        code switch
        {
            "-32002" or "401" => RealtimeKitError.InvalidToken,
            "403" => RealtimeKitError.NotAllowed,
            "404" => RealtimeKitError.NotFound,
            "409" => RealtimeKitError.WrongState,
            "422" or "-32602" or "-32600" => RealtimeKitError.Refused,
            "429" => RealtimeKitError.TooMany,
            "501" or "-32601" => RealtimeKitError.NotSupported,
            _ => RealtimeKitError.Failed,
        },
        code,
        message);
}
