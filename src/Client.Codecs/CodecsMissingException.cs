namespace Roomcast.Client.Codecs;

/// <summary>FFmpeg's libraries are not on this machine, or of a version that is not known. The message says what to install.</summary>
public sealed class CodecsMissingException : Exception
{
    internal CodecsMissingException(string message)
        : base(message)
    {
    }
}
