namespace Roomcast.RealtimeKit.Tests.Hosting;

/// <summary>One host for all tests that only add to it.</summary>
public sealed class SharedHost : IAsyncLifetime
{
    public ApiHost Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await ApiHost.StartAsync();

    public async Task DisposeAsync() => await Host.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class SharedHostTests : ICollectionFixture<SharedHost>
{
    public const string Name = "shared host";
}
