using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Roomcast.TestKit.Webhooks;

/// <summary>One request that came to a receiver.</summary>
/// <param name="Path">Where to.</param>
/// <param name="Headers">Its headers, by lower-case names.</param>
/// <param name="Body">The bytes as they came.</param>
public sealed record ReceivedWebhook(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>The id of the delivery.</summary>
    public string DeliveryId => Headers["rtk-uuid"];

    /// <summary>The event.</summary>
    public JsonObject Payload => JsonNode.Parse(Body)!.AsObject();

    /// <summary>The event's name.</summary>
    public string Event => Payload["event"]!.GetValue<string>();
}

/// <summary>A receiver of webhooks on a loopback port, which answers as a test says.</summary>
public sealed class TestReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedWebhook> _received = new();
    private volatile Func<ReceivedWebhook, HttpContext, Task> _answer;

    private TestReceiver(Func<ReceivedWebhook, HttpContext, Task> answer)
    {
        _answer = answer;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    /// <summary>For example <c>http://127.0.0.1:41234/</c>.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>What came, in the order it came.</summary>
    public IReadOnlyList<ReceivedWebhook> Received => [.. _received];

    /// <summary>Starts a receiver that takes everything.</summary>
    public static Task<TestReceiver> StartAsync() => StartAsync(StatusCodes.Status200OK);

    /// <summary>Starts a receiver that answers everything with this status.</summary>
    public static Task<TestReceiver> StartAsync(int status) => StartAsync((_, context) => AnswerAsync(context, status));

    /// <summary>Starts a receiver that answers as it is told.</summary>
    public static async Task<TestReceiver> StartAsync(Func<ReceivedWebhook, HttpContext, Task> answer)
    {
        var receiver = new TestReceiver(answer);
        await receiver._app.StartAsync();
        receiver.Address = new Uri(receiver._app.Urls.Single());
        return receiver;
    }

    /// <summary>Answers otherwise from now on.</summary>
    public void Answer(int status) => _answer = (_, context) => AnswerAsync(context, status);

    /// <summary>Waits until this much came.</summary>
    /// <exception cref="TimeoutException">It did not within a minute.</exception>
    public Task WaitForAsync(int count) => WaitUntilAsync(received => received.Count >= count);

    /// <summary>Waits until what came is as it should be.</summary>
    /// <exception cref="TimeoutException">It was not within a minute; the message says what came.</exception>
    public async Task WaitUntilAsync(Func<IReadOnlyList<ReceivedWebhook>, bool> isDone)
    {
        ArgumentNullException.ThrowIfNull(isDone);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!isDone(Received))
        {
            if (patience.IsCancellationRequested)
            {
                throw new TimeoutException($"What came in a minute: {string.Join(", ", Received.Select(each => each.Event))}");
            }

            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
    }

    private static Task AnswerAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var received = new ReceivedWebhook(
            context.Request.Path,
#pragma warning disable CA1308 // Header names in lower case, as HTTP/2 has them.
            context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString(), StringComparer.Ordinal),
#pragma warning restore CA1308
            body.ToArray());
        _received.Enqueue(received);
        await _answer(received, context);
    }
}
