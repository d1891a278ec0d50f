using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Composition;

namespace Roomcast.Egress;

/// <summary>Registration of egress.</summary>
public static class EgressServices
{
    /// <summary>Adds egress. Options: <see cref="CompositionOptions"/>.</summary>
    public static IServiceCollection AddEgress(this IServiceCollection services)
    {
        services.AddCompositions();
        return services;
    }
}
