namespace Roomcast.Egress.Worker.Playing;

/// <summary>Something cannot be played, or no longer. The message is one of the reasons that are told, with or without a detail.</summary>
internal sealed class PlayerException(string message) : Exception(message);
