namespace Roomcast.Webhooks.Delivery;

/// <summary>Bounds the attempts under way of all receivers, so that however many there are of one standing, they take no room from those of another.</summary>
internal sealed class AttemptRooms : IDisposable
{
    /// <summary>Most attempts to receivers that answer soon.</summary>
    public const int MostQuick = 256;

    /// <summary>Most attempts to receivers that take their time.</summary>
    public const int MostSlow = 128;

    /// <summary>Most attempts to receivers that fail, or have not shown yet that they do not.</summary>
    public const int MostOnTrial = 128;

    private readonly SemaphoreSlim _quick = new(MostQuick);
    private readonly SemaphoreSlim _slow = new(MostSlow);
    private readonly SemaphoreSlim _onTrial = new(MostOnTrial);

    /// <summary>The room for a standing.</summary>
    public SemaphoreSlim Of(Standing standing) => standing switch
    {
        Standing.Quick => _quick,
        Standing.Slow => _slow,
        _ => _onTrial,
    };

    public void Dispose()
    {
        _quick.Dispose();
        _slow.Dispose();
        _onTrial.Dispose();
    }
}
