namespace Roomcast.Relay.Controllers;

/// <summary>The connection of a controller. Thread-safe; no call blocks.</summary>
internal interface IControllerLink
{
    /// <summary>Whether it may be sent secrets, as stream keys are: with a token that may change things.</summary>
    bool SeesSecrets { get; }

    /// <summary>Sends a frame, after those that wait.</summary>
    void Send(byte[] frame);

    /// <summary>Another connection has taken its place.</summary>
    void Replace();
}
