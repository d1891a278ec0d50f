using System.Net;
using System.Text;

namespace Roomcast.Client.Tests.Rest;

/// <summary>Answers calls as it is told, and notes them.</summary>
internal sealed class ApiServer : HttpMessageHandler
{
    private readonly Queue<Func<HttpResponseMessage>> _answers = new();

    public List<(string Method, string PathAndQuery, string? Body)> Calls { get; } = [];

    public ApiServer Answer(int status, string body, params (string Name, string Value)[] headers)
    {
        _answers.Enqueue(() =>
        {
            var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            foreach (var (name, value) in headers)
            {
                response.Headers.TryAddWithoutValidation(name, value);
            }

            return response;
        });
        return this;
    }

    public ApiServer Break()
    {
        _answers.Enqueue(() => throw new HttpRequestException("The network is gone."));
        return this;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken);
        Calls.Add((request.Method.Method, request.RequestUri!.PathAndQuery, body));
        return _answers.Count > 0 ? _answers.Dequeue()() : new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"success":true,"data":{}}""") };
    }
}
