using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Roomcast.RealtimeKit.Rest.Access;

namespace Roomcast.RealtimeKit.Rest;

/// <summary>How the resources map their routes.</summary>
internal static class KitRoutes
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps a read: GET, and HEAD, which is the same without the body.</summary>
    public static void MapRead(this RouteGroupBuilder group, string pattern, Delegate handler) =>
        group.MapMethods(pattern, ReadMethods, handler);

    /// <summary>Says what the routes of a group ask of their caller.</summary>
    public static RouteGroupBuilder Asking(this RouteGroupBuilder group, KitAccess access) => group.WithMetadata(access);

    /// <summary>Sets the door before every route of a group: nothing of a request is read before its caller is known.</summary>
    public static RouteGroupBuilder Behind(this RouteGroupBuilder group, KitDoor door)
    {
        ((IEndpointConventionBuilder)group).Add(endpoint =>
        {
            var handler = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context => door.PassAsync(context, handler);
        });
        return group;
    }
}
