namespace Roomcast.Accounts;

/// <summary>Who owns apps and API tokens.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">1 to 256 characters, or null.</param>
/// <param name="CreatedAt">When it was made, UTC, whole milliseconds.</param>
public sealed record Account(AccountId Id, string? Name, DateTimeOffset CreatedAt);
