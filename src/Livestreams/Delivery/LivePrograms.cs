using Roomcast.Accounts;
using Roomcast.Hls;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;

namespace Roomcast.Livestreams.Delivery;

/// <summary>Where delivery finds what players ask for. Asked for each request, so it must be quick and take no locks.</summary>
public interface ILivePrograms
{
    /// <summary>The livestream if it is on air or was a short while ago; null otherwise.</summary>
    LiveProgram? Find(LivestreamId id);
}

/// <summary>One time on air of a livestream, as players are served it.</summary>
public sealed class LiveProgram
{
    private int _access;
    private int _held;
    private long _refusalLoggedAt;

    /// <summary>Makes it.</summary>
    /// <param name="livestreamId">The livestream.</param>
    /// <param name="stream">Its playlists and media.</param>
    /// <param name="viewers">Is told of those who watch.</param>
    public LiveProgram(LivestreamId livestreamId, HlsStream stream, IViewerWitness viewers)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(viewers);
        LivestreamId = livestreamId;
        Stream = stream;
        Viewers = viewers;
    }

    /// <summary>The livestream.</summary>
    public LivestreamId LivestreamId { get; }

    /// <summary>Its playlists and media.</summary>
    public HlsStream Stream { get; }

    /// <summary>Is told of those who watch.</summary>
    public IViewerWitness Viewers { get; }

    /// <summary>Who may play it. May change at any time and counts from the next request on.</summary>
    public PlaybackAccess Access
    {
        get => (PlaybackAccess)Volatile.Read(ref _access);
        set => Volatile.Write(ref _access, (int)value);
    }

    /// <summary>Requests that are held now.</summary>
    internal int Held => Volatile.Read(ref _held);

    /// <summary>What the stream had published when those who wait were last looked at. Only the timer uses it.</summary>
    internal long PublicationsSeen { get; set; }

    /// <summary>Whether a refusal may be logged again; when it may, this counts as having done so.</summary>
    internal bool IsRefusalDue(TimeProvider time, TimeSpan every)
    {
        var last = Volatile.Read(ref _refusalLoggedAt);
        var now = time.GetTimestamp();
        return (last == 0 || time.GetElapsedTime(last, now) >= every)
            && Interlocked.CompareExchange(ref _refusalLoggedAt, now, last) == last;
    }

    internal int AddHeld() => Interlocked.Increment(ref _held);

    internal int RemoveHeld() => Interlocked.Decrement(ref _held);
}
