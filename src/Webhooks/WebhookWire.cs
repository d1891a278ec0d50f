namespace Roomcast.Webhooks;

/// <summary>What the dialect of the receivers calls the headers of a delivery; each value may stand under several names.</summary>
/// <param name="UserAgent">What the server calls itself.</param>
/// <param name="Signature">The signature: base64 of RSASSA-PKCS1-v1_5 with SHA-256 over the body as sent.</param>
/// <param name="DeliveryId">The id of the delivery.</param>
/// <param name="WebhookId">The id of the webhook.</param>
public sealed record WebhookWire(
    string UserAgent, IReadOnlyList<string> Signature, IReadOnlyList<string> DeliveryId, IReadOnlyList<string> WebhookId);
