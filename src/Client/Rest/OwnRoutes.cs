namespace Roomcast.Client.Rest;

/// <summary>An address that a livestream is pushed to as well.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Url">Where it leads, with the stream key covered.</param>
/// <param name="State">Where it stands, for example <c>pushing</c> or <c>waiting</c>.</param>
/// <param name="Reason">Why it stands there; null when all is well.</param>
/// <param name="Detail">More of that; null when there is no more.</param>
/// <param name="Attempt">Which try this is.</param>
/// <param name="BytesSent">Bytes sent so far.</param>
/// <param name="DroppedSeconds">Media that was not sent, in seconds.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record OutputInfo(
    string Id, string? Name, string Url, string State, string? Reason, string? Detail, int Attempt, long BytesSent, double DroppedSeconds, DateTimeOffset CreatedAt);

/// <summary>An output to be made.</summary>
/// <param name="Url">Where it leads: <c>rtmp[s]://host[:port]/app/key</c>, or without the key.</param>
/// <param name="StreamKey">The secret that stands beside the address; null when it stands in it.</param>
/// <param name="Name">What it is called.</param>
public sealed record OutputRequest(string Url, string? StreamKey = null, string? Name = null)
{
    /// <summary>Says nothing of where it leads: the address may hold the key.</summary>
    public override string ToString() => $"output {Name}";
}

/// <summary>What became of one event for one webhook.</summary>
/// <param name="Id">Its id, the same on every attempt.</param>
/// <param name="WebhookId">The webhook.</param>
/// <param name="Event">Which event.</param>
/// <param name="Status">PENDING, DELIVERED, FAILED or CANCELLED.</param>
/// <param name="Attempts">How often it was attempted.</param>
/// <param name="NextAttemptAt">When it is attempted next; null when it is not.</param>
/// <param name="LastStatus">What the last attempt was answered; null when it was not.</param>
/// <param name="LastError">What the last attempt failed by; null when it did not.</param>
/// <param name="LastDurationSeconds">How long the last attempt took.</param>
/// <param name="Payload">What is sent; undefined in lists.</param>
/// <param name="CreatedAt">When it happened.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
public sealed record DeliveryInfo(
    string Id,
    string WebhookId,
    string Event,
    string Status,
    int Attempts,
    DateTimeOffset? NextAttemptAt,
    int? LastStatus,
    string? LastError,
    double? LastDurationSeconds,
    System.Text.Json.JsonElement Payload,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>Outputs of livestreams: routes that servers of this house have and the published API has not.</summary>
public sealed class OutputsApi : ApiGroup
{
    internal OutputsApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>All outputs of a livestream.</summary>
    public IAsyncEnumerable<OutputInfo> ListAsync(string livestreamId, CancellationToken cancellationToken = default) =>
        Transport.ListAsync(Of(livestreamId), new ListQuery(), ApiJson.Default.OutputInfo, [], cancellationToken);

    /// <summary>Has a livestream pushed to an address, whenever it is on air.</summary>
    public Task<OutputInfo> CreateAsync(string livestreamId, OutputRequest output, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, Of(livestreamId), ApiJson.Default.OutputInfo, cancellationToken, Body(output, ApiJson.Default.OutputRequest));

    /// <summary>One output.</summary>
    public Task<OutputInfo> GetAsync(string livestreamId, string outputId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Of(livestreamId)}/{Id(outputId)}", ApiJson.Default.OutputInfo, cancellationToken);

    /// <summary>Ends an output for good.</summary>
    public Task<OutputInfo> DeleteAsync(string livestreamId, string outputId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Delete, $"{Of(livestreamId)}/{Id(outputId)}", ApiJson.Default.OutputInfo, cancellationToken);

    private string Of(string livestreamId) => $"{Root}/livestreams/{Id(livestreamId)}/outputs";
}

/// <summary>Deliveries of webhooks: routes that servers of this house have and the published API has not.</summary>
public sealed class DeliveriesApi : ApiGroup
{
    internal DeliveriesApi(ApiTransport transport, string root)
        : base(transport, root)
    {
    }

    /// <summary>What was sent to a webhook, by when it happened.</summary>
    public IAsyncEnumerable<DeliveryInfo> ListAsync(string webhookId, ListQuery? query = null, CancellationToken cancellationToken = default) =>
        Transport.ListAsync(Of(webhookId), query ?? new(), ApiJson.Default.DeliveryInfo, [], cancellationToken);

    /// <summary>One delivery with its payload.</summary>
    public Task<DeliveryInfo> GetAsync(string webhookId, string deliveryId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Get, $"{Of(webhookId)}/{Id(deliveryId)}", ApiJson.Default.DeliveryInfo, cancellationToken);

    /// <summary>Sends a delivery once more.</summary>
    public Task<DeliveryInfo> RedeliverAsync(string webhookId, string deliveryId, CancellationToken cancellationToken = default) =>
        Transport.SendAsync(HttpMethod.Post, $"{Of(webhookId)}/{Id(deliveryId)}/redeliver", ApiJson.Default.DeliveryInfo, cancellationToken);

    private string Of(string webhookId) => $"{Root}/webhooks/{Id(webhookId)}/deliveries";
}
