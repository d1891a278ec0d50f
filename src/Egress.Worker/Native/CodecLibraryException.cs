namespace Roomcast.Egress.Worker.Native;

/// <summary>A native library that composing needs is missing, or not as expected. The message says which, and what to install.</summary>
public sealed class CodecLibraryException : Exception
{
    /// <summary>Makes one.</summary>
    public CodecLibraryException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
