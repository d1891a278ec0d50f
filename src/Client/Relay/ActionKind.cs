namespace Roomcast.Client.Relay;

/// <summary>What runs in a room session: in the names of methods, events and fields.</summary>
internal static class ActionKind
{
    public const string Stream = "stream";
    public const string Recording = "recording";
    public const string Playback = "playback";
}
