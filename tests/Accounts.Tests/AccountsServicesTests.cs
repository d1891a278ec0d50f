using Microsoft.Extensions.DependencyInjection;
using Roomcast.Storage;

namespace Roomcast.Accounts.Tests;

public sealed class AccountsServicesTests
{
    [Fact]
    public async Task The_stores_are_there_once_for_all_who_ask()
    {
        await using var services = new ServiceCollection().AddLogging().AddStorage().AddAccounts().BuildServiceProvider(
            new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        Assert.NotNull(services.GetRequiredService<AccountStore>());
        Assert.NotNull(services.GetRequiredService<AppStore>());

        // Two of them would each remember tokens that the other revoked.
        Assert.Same(services.GetRequiredService<ApiTokenStore>(), services.GetRequiredService<ApiTokenStore>());
    }
}
