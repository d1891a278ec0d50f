namespace Roomcast.Server.FirstStart;

/// <summary>The server cannot start, for a reason that its owner can mend. The message is all they need to see.</summary>
internal sealed class StartFailure(string message, Exception? cause = null) : Exception(message, cause);
