namespace Roomcast.Interop.Meetings;

/// <summary>Tests of meetings of two whose network can be cut: a server of their own, reached over a network of their own.</summary>
public abstract class CuttableMeetingTests : IAsyncLifetime
{
    private protected CuttableMeetingTests()
    {
    }

    private protected MeetingServer Server { get; } = new()
    {
        Arguments = ["--public-ip", CuttableNetwork.MediaAddress.ToString()],
        FlagsOf = number => [CuttableNetwork.FlagFor(number)],
    };

    private protected CuttableNetwork Network { get; private set; } = null!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        await Server.InitializeAsync();
        Network = CuttableNetwork.Start(Server.Server.HttpsBase.Port, Server.Server.RtcPort, browsers: 2);
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await Network.DisposeAsync();
        await Server.DisposeAsync();
    }
}
