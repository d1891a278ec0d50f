namespace Roomcast.TestKit.Rtc;

/// <summary>A client's two peer connections: one to send, one to receive.</summary>
public sealed class BrowserLikePeer : IDisposable
{
    private readonly BrowserFlavor _flavor;
    private int _seed;

    /// <summary>Makes both, with nothing agreed.</summary>
    public BrowserLikePeer(BrowserFlavor flavor, int seed)
    {
        _flavor = flavor;
        _seed = seed * 1_000;
        Sending = new BrowserTransport(flavor, isSending: true, _seed++);
        Receiving = new BrowserTransport(flavor, isSending: false, _seed++);
    }

    /// <summary>What it sends by.</summary>
    public BrowserTransport Sending { get; private set; }

    /// <summary>What it receives by.</summary>
    public BrowserTransport Receiving { get; private set; }

    /// <summary>Throws one of the two away and makes a new one, as the client does when its connection fails.</summary>
    public BrowserTransport Renew(bool isSending)
    {
        var renewed = new BrowserTransport(_flavor, isSending, _seed++);
        if (isSending)
        {
            Sending.Dispose();
            Sending = renewed;
        }
        else
        {
            Receiving.Dispose();
            Receiving = renewed;
        }

        return renewed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Sending.Dispose();
        Receiving.Dispose();
    }
}
