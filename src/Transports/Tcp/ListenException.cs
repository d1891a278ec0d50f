using System.Net;
using System.Net.Sockets;

namespace Roomcast.Transports.Tcp;

/// <summary>An address cannot be listened on. The message is for the one who runs the server.</summary>
public sealed class ListenException : IOException
{
    private ListenException(string message, IPEndPoint address, string setting, Exception cause)
        : base(message, cause)
    {
        Address = address;
        Setting = setting;
    }

    /// <summary>The address.</summary>
    public IPEndPoint Address { get; }

    /// <summary>The setting it comes from.</summary>
    public string Setting { get; }

    internal static ListenException From(ListenOptions options, SocketException cause)
    {
        var why = cause.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => "another process listens there already",
            SocketError.AccessDenied => "this user may not listen there; ports below 1024 need a privilege",
            SocketError.AddressNotAvailable => "this machine has no such address",
            _ => cause.Message,
        };
        var message = $"Cannot listen on {options.Address} for {options.Protocol} ({options.Setting}): {why}.";
        return new ListenException(message, options.Address, options.Setting, cause);
    }
}
