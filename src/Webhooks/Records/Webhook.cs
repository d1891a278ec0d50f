using Roomcast.Accounts;

namespace Roomcast.Webhooks.Records;

/// <summary>What the owner of a webhook says of it.</summary>
/// <param name="Name">1 to 256 characters.</param>
/// <param name="Url">Where events are sent: an absolute http or https address of at most 2,048 characters.</param>
/// <param name="Events">Which, by their names in the owner's dialect; one or more, none with a blank.</param>
/// <param name="IsEnabled">Whether anything is sent.</param>
public sealed record WebhookDraft(string Name, string Url, IReadOnlyList<string> Events, bool IsEnabled)
{
    /// <summary>Names it without its address, which may hold a secret.</summary>
    public override string ToString() => Name;
}

/// <summary>A webhook of an app.</summary>
/// <param name="Id">Its id.</param>
/// <param name="AppId">The app.</param>
/// <param name="Draft">What its owner said.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When it last changed.</param>
public sealed record Webhook(WebhookId Id, AppId AppId, WebhookDraft Draft, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);
