namespace Roomcast.Meetings.Sessions.Rules;

/// <summary>How often a peer may do things of one kind: twice what the official client allows itself, where it has a limit.</summary>
internal sealed record ActPace(string Name, double Burst, double PerSecond)
{
    public static readonly ActPace Any = new("any", 200, 40);
    public static readonly ActPace Read = new("read", 30, 2);
    public static readonly ActPace Chat = new("chat", 60, 6);
    public static readonly ActPace File = new("file", 20, 40.0 / 60);
    public static readonly ActPace Message = new("message", 40, 10);
    public static readonly ActPace Store = new("store", 100, 20);
    public static readonly ActPace Search = new("search", 20, 20.0 / 60);
    public static readonly ActPace Permissions = new("permissions", 200, 2_000.0 / 60);
    public static readonly ActPace Media = new("media", 300, 50);
    public static readonly ActPace Rare = new("rare", 20, 1);
}
