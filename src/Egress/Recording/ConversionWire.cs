namespace Roomcast.Egress.Recording;

/// <summary>What a converter says on its standard output and by its exit code.</summary>
public static class ConversionWire
{
    /// <summary>The argument that makes a converter of the worker's program.</summary>
    public const string Argument = "--convert";

    /// <summary>Followed by a number that grows as long as it comes further: what was read, decoded and encoded, in steps of its own.</summary>
    public const string Progress = "at";

    /// <summary>Followed by the milliseconds of the whole, 1 or 0 for whether there is sound, and the frames that were damaged.</summary>
    public const string Result = "done";

    /// <summary>All was made.</summary>
    public const int Done = 0;

    /// <summary>It failed; the first line of the error output says why to the recording's owner, what follows to the server's.</summary>
    public const int Failed = 1;

    /// <summary>The arguments are wrong.</summary>
    public const int Unusable = 2;

    /// <summary>A library or an encoder is missing.</summary>
    public const int Missing = 3;

    /// <summary>The disk is full.</summary>
    public const int NoRoom = 4;
}
