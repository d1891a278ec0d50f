using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Roomcast.Accounts;

/// <summary>Registration of accounts, apps and API tokens.</summary>
public static class AccountsServices
{
    /// <summary>Adds <see cref="AccountStore"/>, <see cref="AppStore"/> and <see cref="ApiTokenStore"/>; needs <c>AddStorage</c>.</summary>
    public static IServiceCollection AddAccounts(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<AccountStore>();
        services.TryAddSingleton<AppStore>();
        services.TryAddSingleton<ApiTokenStore>();
        return services;
    }
}
