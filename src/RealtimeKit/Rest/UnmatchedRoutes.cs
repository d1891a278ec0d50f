using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.RealtimeKit.Rest.Access;
using Roomcast.RealtimeKit.Rest.Answers;

namespace Roomcast.RealtimeKit.Rest;

/// <summary>Answers what no route of this API takes: 405 when the path exists for other methods, otherwise 404.</summary>
internal sealed class UnmatchedRoutes
{
    // Words where an id may stand: the route of the id would take what theirs does not.
    private static readonly string[] Words = ["/recordings/track", "/webhooks/all"];

    private readonly Lazy<(TemplateMatcher Path, decimal Precedence, IReadOnlyList<string> Methods)[]> _routes;

    /// <summary>Knows the routes of this API among those that are mapped, once all of them are.</summary>
    public UnmatchedRoutes(EndpointDataSource endpoints) => _routes = new(() =>
    [
        .. from endpoint in endpoints.Endpoints.OfType<RouteEndpoint>()
           where endpoint.Metadata.GetMetadata<KitAccess>() is not null
           let allowed = endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>()
           select (new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []), endpoint.RoutePattern.InboundPrecedence, allowed.HttpMethods),
    ]);

    /// <summary>Maps the answer below the API's own paths, after everything else.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in KitPaths.Prefixes.SelectMany(_ => Words, (prefix, word) => $"{prefix}{KitPaths.Account}/{{app_id}}{word}"))
        {
            routes.Map(path, AnswerAsync);
        }

        foreach (var root in KitPaths.Roots)
        {
            routes.Map($"{root}/{{**rest}}", AnswerAsync).WithOrder(int.MaxValue);
        }
    }

    /// <summary>Answers one request.</summary>
    public static Task AnswerAsync(HttpContext context) =>
        context.RequestServices.GetRequiredService<UnmatchedRoutes>().AnswerFor(context).ExecuteAsync(context);

    private KitAnswer AnswerFor(HttpContext context)
    {
        // A path that names a word belongs to its route alone, whatever other routes would take the word for.
        var matches = _routes.Value.Where(route => route.Path.TryMatch(context.Request.Path, [])).ToArray();
        var methods = new SortedSet<string>(
            matches.Where(route => route.Precedence == matches.Min(match => match.Precedence)).SelectMany(route => route.Methods),
            StringComparer.Ordinal);

        if (methods.Count == 0)
        {
            return KitAnswer.Refuse(KitErrorCode.UnknownRoute, "there is no such route");
        }

        var allowed = string.Join(", ", methods);
        context.Response.Headers.Allow = allowed;
        return KitAnswer.Refuse(KitErrorCode.MethodNotAllowed, $"this route takes {allowed}");
    }
}
