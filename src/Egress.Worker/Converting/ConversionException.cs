namespace Roomcast.Egress.Worker.Converting;

/// <summary>A recording that cannot be converted; the message says why, for its owner.</summary>
internal sealed class ConversionException(string message) : Exception(message);

/// <summary>There is no room on the disk for what is made of a recording.</summary>
internal sealed class NoRoomException() : Exception("The disk of the server is full.");
