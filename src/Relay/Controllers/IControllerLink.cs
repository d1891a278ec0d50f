namespace Roomcast.Relay.Controllers;

/// <summary>The connection of a controller. Thread-safe; no call blocks.</summary>
internal interface IControllerLink
{
    /// <summary>Sends a frame, after those that wait.</summary>
    void Send(byte[] frame);

    /// <summary>Another connection has taken its place.</summary>
    void Replace();
}
