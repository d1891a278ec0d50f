using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.S3;

namespace Roomcast.Storage.Tests.Blobs;

/// <summary>A server of buckets that is away for longer than one call waits, loses an answer, or forgets what was begun.</summary>
public sealed class S3OutageTests : IAsyncLifetime, IDisposable
{
    private const int Length = 30_000_000;
    private const int PartLength = 8 << 20;
    private const int Parts = 4;

    private readonly BlobSource _files = new();
    private readonly BlobName _name = BlobName.Of(Guid.NewGuid(), "weekly_1.mp4");
    private S3Server _server = null!;

    public async Task InitializeAsync() => _server = await S3Server.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task After_an_outage_that_ended_a_call_the_next_one_sends_no_part_again_that_was_taken()
    {
        await using var relay = CuttableProxy.Start(new Uri(_server.Endpoint).Port);
        await using var store = Open(relay.Port);
        var (file, content) = _files.Make(Length);
        relay.CutAfter(PartLength * 5 / 2);
        for (var call = 0; call < 3; call++)
        {
            var fault = await Assert.ThrowsAsync<BlobException>(() => StoreAsync(store, file));
            Assert.Equal((BlobFailure.Unreachable, true), (fault.Failure, fault.IsWorthRetrying));
        }

        Assert.Empty(_server.Objects);
        relay.Mend();
        await StoreAsync(store, file);
        Assert.Equal(content, await File.ReadAllBytesAsync(Stored));

        // Half a part too much was sent; from the first part on it were two and a half.
        Assert.InRange(relay.Sent, Length + (PartLength / 4), Length + PartLength);
    }

    [Fact]
    public async Task Of_another_file_under_the_same_name_everything_is_sent()
    {
        await using var front = await Front.StartAsync(_server.Endpoint);
        await using var store = Open(front.Port);
        front.IsAwayAfterParts = 2;
        await Assert.ThrowsAsync<BlobException>(() => StoreAsync(store, _files.Make(Length).File));
        Assert.Equal((2, 0), (front.PartsTaken, front.Aborts));
        front.IsAwayAfterParts = int.MaxValue;
        var (file, content) = _files.Make(Length + 1);
        await StoreAsync(store, file);
        Assert.Equal(content, await File.ReadAllBytesAsync(Stored));
        Assert.Equal((2 + Parts, 1), (front.PartsTaken, front.Aborts));
    }

    /// <summary>The repetition found no such upload any more, and a recording that was stored was told to be refused.</summary>
    [Fact]
    public async Task A_file_whose_last_answer_was_lost_is_stored()
    {
        await using var front = await Front.StartAsync(_server.Endpoint);
        await using var store = Open(front.Port);
        var (file, content) = _files.Make(Length);
        front.EndAnswersToLose = 1;
        await StoreAsync(store, file);
        Assert.Equal(content, await File.ReadAllBytesAsync(Stored));
        Assert.Equal((Parts, 2, 0), (front.PartsTaken, front.EndsAsked, front.Aborts));
    }

    [Fact]
    public async Task A_file_whose_last_answer_was_lost_with_the_outage_is_stored_by_the_next_call()
    {
        await using var front = await Front.StartAsync(_server.Endpoint);
        await using var store = Open(front.Port);
        var (file, content) = _files.Make(Length);
        front.EndAnswersToLose = 7;
        await Assert.ThrowsAsync<BlobException>(() => StoreAsync(store, file));
        await StoreAsync(store, file);
        Assert.Equal(content, await File.ReadAllBytesAsync(Stored));
        Assert.Equal((Parts, 8), (front.PartsTaken, front.EndsAsked));
    }

    [Fact]
    public async Task An_object_of_another_length_under_the_name_is_not_taken_for_the_file()
    {
        await using var front = await Front.StartAsync(_server.Endpoint);
        await using var store = Open(front.Port);
        await StoreAsync(store, _files.Make(Length / 2).File);
        var (file, content) = _files.Make(Length);
        front.EndsToForget = 2;
        await StoreAsync(store, file);
        Assert.Equal(content, await File.ReadAllBytesAsync(Stored));
    }

    [Fact]
    public async Task An_upload_that_the_server_has_forgotten_begins_again_and_not_for_ever()
    {
        await using var front = await Front.StartAsync(_server.Endpoint);
        await using var store = Open(front.Port);
        var (file, content) = _files.Make(Length);
        front.PartsToForget = 2;
        await StoreAsync(store, file);
        Assert.Equal(content, await File.ReadAllBytesAsync(Stored));

        front.PartsToForget = int.MaxValue;
        var fault = await Assert.ThrowsAsync<BlobException>(() => StoreAsync(store, file));
        Assert.Equal(BlobFailure.Refused, fault.Failure);
        Assert.InRange(int.MaxValue - front.PartsToForget, 2, 10);
    }

    [Fact]
    public async Task What_was_begun_is_aborted_when_it_is_refused_given_up_or_closed_and_not_before()
    {
        await using var front = await Front.StartAsync(_server.Endpoint);
        var (file, _) = _files.Make(Length);
        await using (var store = Open(front.Port))
        {
            front.IsAwayAfterParts = 2;
            await Assert.ThrowsAsync<BlobException>(() => StoreAsync(store, file));
            Assert.Equal(0, front.Aborts);
        }

        Assert.Equal(1, front.Aborts);
        await using (var store = Open(front.Port))
        {
            front.RefusesParts = true;
            await Assert.ThrowsAsync<BlobException>(() => StoreAsync(store, file));
            Assert.Equal(2, front.Aborts);
            front.RefusesParts = false;

            using var over = new CancellationTokenSource();
            front.PartAsked = over.Cancel;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.StoreAsync(_name, file, "video/mp4", over.Token));
            Assert.Equal(3, front.Aborts);
        }

        Assert.Equal(3, front.Aborts);
    }

    [Fact]
    public async Task A_request_that_is_given_up_is_told_as_that_whatever_comes_of_it()
    {
        using var over = new CancellationTokenSource();
        var retries = new BlobRetries(Target(1), TimeProvider.System, NullLogger.Instance, fault => new BlobException(BlobFailure.Unreachable, "It is away.", fault));
        var told = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => retries.RunAsync<int>(
            () =>
            {
                over.Cancel();
                throw new IOException("The connection was closed.");
            },
            over.Token));
        Assert.Equal(over.Token, told.CancellationToken);
    }

    private string Stored => _server.Objects[$"kept/{_name}"];

    private Task StoreAsync(S3BlobStore store, string file) => store.StoreAsync(_name, file, "video/mp4", CancellationToken.None);

    private S3BlobStore Open(int port) => new(Target(port), new ImpatientClock(), NullLogger.Instance);

    private S3Target Target(int port) => new()
    {
        Bucket = _server.Bucket,
        Endpoint = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"),
        Region = "us-east-1",
        AccessKey = S3Server.Key,
        SecretKey = S3Server.Key,
        Prefix = "kept/",
        UsesPathStyle = true,
    };

    /// <summary>
    /// Stands before the server and fails in ways that it does not, in S3's own words: of an upload that it does not know s3rver says
    /// nothing that S3 would, and it aborts none.
    /// </summary>
    private sealed class Front(string server) : IAsyncDisposable
    {
        private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(server) };
        private readonly HashSet<string> _gone = [];
        private WebApplication _app = null!;

        public int Port { get; private set; }

        public int IsAwayAfterParts { get; set; } = int.MaxValue;

        public bool RefusesParts { get; set; }

        public int PartsToForget { get; set; }

        /// <summary>Answers to the request to put parts together that do not arrive; what was asked for is done.</summary>
        public int EndAnswersToLose { get; set; }

        /// <summary>Such requests that do not arrive, and whose upload is gone then.</summary>
        public int EndsToForget { get; set; }

        public Action? PartAsked { get; set; }

        public int PartsTaken { get; private set; }

        public int EndsAsked { get; private set; }

        public int Aborts { get; private set; }

        public static async Task<Front> StartAsync(string server)
        {
            var front = new Front(server);
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.WebHost.ConfigureKestrel(static options => options.Limits.MaxRequestBodySize = null);
            front._app = builder.Build();
            front._app.Run(front.ServeAsync);
            await front._app.StartAsync();
            front.Port = new Uri(front._app.Urls.Single()).Port;
            return front;
        }

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            _client.Dispose();
        }

        private Task ServeAsync(HttpContext context)
        {
            var upload = context.Request.Query["uploadId"].ToString();
            return (context.Request.Method, upload.Length > 0) switch
            {
                ("PUT", true) => ServePartAsync(context),
                ("POST", true) => ServeEndAsync(context, upload),
                ("DELETE", true) => ServeAbortAsync(context),
                _ => HandOnAsync(context),
            };
        }

        private async Task ServePartAsync(HttpContext context)
        {
            PartAsked?.Invoke();
            if (RefusesParts)
            {
                await RefuseAsync(context, HttpStatusCode.BadRequest, "InvalidPart");
            }
            else if (PartsToForget > 0)
            {
                PartsToForget--;
                await RefuseAsync(context, HttpStatusCode.NotFound, "NoSuchUpload");
            }
            else if (PartsTaken >= IsAwayAfterParts)
            {
                context.Abort();
            }
            else
            {
                await HandOnAsync(context);
                PartsTaken++;
            }
        }

        private async Task ServeEndAsync(HttpContext context, string upload)
        {
            EndsAsked++;
            if (EndsToForget > 0)
            {
                EndsToForget--;
                _gone.Add(upload);
                context.Abort();
            }
            else if (EndAnswersToLose > 0)
            {
                EndAnswersToLose--;
                if (_gone.Add(upload))
                {
                    using var answer = await SendOnAsync(context);
                    Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                }

                context.Abort();
            }
            else if (_gone.Contains(upload))
            {
                await RefuseAsync(context, HttpStatusCode.NotFound, "NoSuchUpload");
            }
            else
            {
                await HandOnAsync(context);
            }
        }

        private async Task ServeAbortAsync(HttpContext context)
        {
            Aborts++;
            context.Response.StatusCode = (int)HttpStatusCode.NoContent;
            await context.Response.CompleteAsync();
        }

        private static async Task RefuseAsync(HttpContext context, HttpStatusCode status, string code)
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = (int)status;
            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync($"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>It is so.</Message></Error>");
        }

        private async Task HandOnAsync(HttpContext context)
        {
            using var answer = await SendOnAsync(context);
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(static header => header.Key is not "Transfer-Encoding" and not "Connection"))
            {
                context.Response.Headers[name] = values.ToArray();
            }

            if (context.Request.Method != "HEAD")
            {
                await answer.Content.CopyToAsync(context.Response.Body);
            }
        }

        private async Task<HttpResponseMessage> SendOnAsync(HttpContext context)
        {
            using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), $"{context.Request.Path}{context.Request.QueryString}");
            if (context.Request.Method is "PUT" or "POST")
            {
                request.Content = new StreamContent(context.Request.Body);
            }

            foreach (var (name, values) in context.Request.Headers.Where(static header => header.Key is not "Host" and not "Expect"))
            {
                if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                {
                    request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
                }
            }

            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        }
    }
}
