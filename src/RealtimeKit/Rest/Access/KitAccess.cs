namespace Roomcast.RealtimeKit.Rest.Access;

/// <summary>What a route asks of its caller; stands in the metadata of every route of this API.</summary>
internal sealed class KitAccess
{
    private KitAccess()
    {
    }

    /// <summary>A valid token.</summary>
    public static KitAccess Token { get; } = new();

    /// <summary>A token of the account in the path.</summary>
    public static KitAccess Account { get; } = new();

    /// <summary>The same, and the app in the path must be the account's.</summary>
    public static KitAccess App { get; } = new();
}
