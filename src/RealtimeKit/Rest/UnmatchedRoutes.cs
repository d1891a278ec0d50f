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
    private readonly Lazy<(TemplateMatcher Path, IReadOnlyList<string> Methods)[]> _routes;

    /// <summary>Knows the routes of this API among those that are mapped, once all of them are.</summary>
    public UnmatchedRoutes(EndpointDataSource endpoints) => _routes = new(() =>
    [
        .. from endpoint in endpoints.Endpoints.OfType<RouteEndpoint>()
           where endpoint.Metadata.GetMetadata<KitAccess>() is not null
           let allowed = endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>()
           select (new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []), allowed.HttpMethods),
    ]);

    /// <summary>Maps the answer below the API's own paths, after everything else.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
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
        var methods = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var route in _routes.Value)
        {
            if (route.Path.TryMatch(context.Request.Path, []))
            {
                methods.UnionWith(route.Methods);
            }
        }

        if (methods.Count == 0)
        {
            return KitAnswer.Refuse(KitErrorCode.UnknownRoute, "there is no such route");
        }

        var allowed = string.Join(", ", methods);
        context.Response.Headers.Allow = allowed;
        return KitAnswer.Refuse(KitErrorCode.MethodNotAllowed, $"this route takes {allowed}");
    }
}
