using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Options;
using Roomcast.Storage.Outbound;
using Roomcast.Webhooks.Records;
using Roomcast.Webhooks.Signing;

namespace Roomcast.Webhooks.Delivery;

/// <summary>Makes one attempt: signs the bytes and posts them, within the time that an attempt has.</summary>
/// <remarks>
/// Strangers choose the targets: it connects only to addresses that are public or allowed by a setting, looks at the address
/// that is connected to rather than at the name, follows no redirect, uses no proxy and reads no more than the head of the answer.
/// </remarks>
internal sealed class WebhookSender : IDisposable
{
    private readonly HttpClient _client;
    private readonly WebhookSigner _signer;
    private readonly WebhookWire _wire;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _clock;

    public WebhookSender(WebhookSigner signer, WebhookWire wire, IOptions<WebhookOptions> options, TimeProvider clock)
    {
        _signer = signer;
        _wire = wire;
        _timeout = options.Value.Timeout;
        _clock = clock;
        var allowed = options.Value.PrivateNetworks;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = _timeout,
            MaxConnectionsPerServer = 256,
            MaxResponseHeadersLength = 16, // KiB
            MaxResponseDrainSize = 16 << 10,
            ResponseDrainTimeout = TimeSpan.FromSeconds(1),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ConnectCallback = (context, cancellationToken) => OpenInternet.ConnectAsync(context, allowed, cancellationToken),
        })
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Makes one attempt. Never fails: what went wrong is the outcome.</summary>
    public async Task<AttemptOutcome> SendAsync(WebhookId webhookId, string target, PendingDelivery delivery)
    {
        if (!Uri.TryCreate(target, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            return AttemptOutcome.Forbidden("the address is not one of http or https");
        }

        using var overtime = new CancellationTokenSource(_timeout, _clock);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address);
            request.Content = new ByteArrayContent(delivery.Body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            Add(request, ["user-agent"], _wire.UserAgent);
            Add(request, _wire.Signature, _signer.Sign(delivery.Body));
            Add(request, _wire.DeliveryId, delivery.Id.ToString());
            Add(request, _wire.WebhookId, webhookId.ToString());
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, overtime.Token);
            return AttemptOutcome.Of((int)response.StatusCode, RetryAfterOf(response));
        }
        catch (OperationCanceledException)
        {
            return AttemptOutcome.Unanswered($"the receiver did not answer within {_timeout.TotalSeconds} s");
        }
        catch (HttpRequestException fault)
        {
            return Explain(fault);
        }
    }

    public void Dispose() => _client.Dispose();

    private static void Add(HttpRequestMessage request, IReadOnlyList<string> names, string value)
    {
        foreach (var name in names)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private TimeSpan? RetryAfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date - _clock.GetUtcNow() is var wait && wait > TimeSpan.Zero => wait,
        _ => null,
    };

    // In words of ours: messages of the framework may repeat the address.
    private static AttemptOutcome Explain(HttpRequestException fault)
    {
        for (Exception? inner = fault; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case PrivateAddressException:
                    return AttemptOutcome.Forbidden("the host has no public address; the setting webhook_private_networks allows others");
                case AuthenticationException:
                    return AttemptOutcome.Unanswered("the certificate or the TLS handshake of the receiver failed");
                case SocketException socket:
                    return AttemptOutcome.Unanswered(socket.SocketErrorCode switch
                    {
                        SocketError.ConnectionRefused => "the connection was refused",
                        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "the host name is not known",
                        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "the host cannot be reached",
                        SocketError.ConnectionReset => "the connection was reset",
                        _ => "the connection failed",
                    });
            }
        }

        return AttemptOutcome.Unanswered(
            fault.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded or HttpRequestError.HttpProtocolError
                ? "the receiver did not answer in HTTP"
                : "the connection failed");
    }
}
