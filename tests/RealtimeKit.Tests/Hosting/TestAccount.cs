using Roomcast.Accounts;

namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>An account with two apps and a token of each scope.</summary>
public sealed record TestAccount(AccountId Id, App First, App Second, string WriteToken, string ReadToken)
{
    /// <summary>Where the account's routes begin.</summary>
    public string Path => $"/client/v4/accounts/{Id}/realtime/kit";

    /// <summary>Where the first app's routes begin.</summary>
    public string AppPath => PathOf(First);

    public string PathOf(App app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return $"{Path}/{app.Id}";
    }
}
