using Microsoft.AspNetCore.Routing;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Tokens;

/// <summary>What integrations ask to test a token before they keep it.</summary>
internal static class TokenEndpoints
{
    /// <summary>Maps the route below <c>/user</c>.</summary>
    public static void MapTokens(this RouteGroupBuilder user) => user.MapRead("/tokens/verify", Verify);

    // Only a token that holds comes as far as this.
    private static KitAnswer Verify(KitRequest request) =>
        KitAnswer.Ok(new VerifiedTokenResponse(request.Token.Id.Value, "active"), KitJson.Default.VerifiedTokenResponse);
}

/// <summary>A token that holds.</summary>
internal sealed record VerifiedTokenResponse(Guid Id, string Status);
