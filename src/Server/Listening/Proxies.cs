using Microsoft.AspNetCore.HttpOverrides;
using Roomcast.Server.Configuration;

namespace Roomcast.Server.Listening;

/// <summary>Believes the proxies that the owner trusts about who is behind them.</summary>
internal static class Proxies
{
    /// <summary>Comes before everything that looks at a peer's address. Without trusted proxies it adds nothing.</summary>
    public static void UseTrustedProxies(this IApplicationBuilder app, SettingValues settings)
    {
        var trusted = settings.Get(ServerSettings.TrustedProxies);
        if (trusted.Count == 0)
        {
            return;
        }

        // However many of them a request went through: it stops at the first address that is not trusted.
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in trusted)
        {
            options.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(options);
    }
}
