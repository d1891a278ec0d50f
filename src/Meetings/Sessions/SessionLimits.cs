namespace Roomcast.Meetings.Sessions;

/// <summary>Bounds of what one session holds and what one peer may say.</summary>
public static class SessionLimits
{
    /// <summary>Longest name of a peer, in UTF-16 units.</summary>
    public const int MaxNameLength = 256;

    /// <summary>Longest address of a picture or a file, in UTF-16 units.</summary>
    public const int MaxAddressLength = 2_048;

    /// <summary>Longest text of a chat message, in UTF-16 units: what the official client allows.</summary>
    public const int MaxTextLength = 2_000;

    /// <summary>Longest description of a file or a composed message, in UTF-16 units.</summary>
    public const int MaxComposedLength = 16_384;

    /// <summary>Messages a joining peer is given.</summary>
    public const int MaxHistory = 1_000;

    /// <summary>Most receivers of a private message.</summary>
    public const int MaxTargets = 100;

    /// <summary>Longest content of a broadcast, in bytes.</summary>
    public const int MaxBroadcastBytes = 32 << 10;

    /// <summary>Longest kind of a broadcast, in UTF-16 units.</summary>
    public const int MaxBroadcastTypeLength = 256;

    /// <summary>Polls of one session.</summary>
    public const int MaxPolls = 100;

    /// <summary>Answers of one poll; at least two.</summary>
    public const int MaxPollOptions = 50;

    /// <summary>Longest question or answer, in UTF-16 units.</summary>
    public const int MaxPollTextLength = 1_024;

    /// <summary>Stores of one session.</summary>
    public const int MaxStores = 100;

    /// <summary>Keys of one store.</summary>
    public const int MaxStoreKeys = 1_000;

    /// <summary>Longest name of a store or a key, in UTF-16 units.</summary>
    public const int MaxStoreNameLength = 512;

    /// <summary>Longest value, in bytes.</summary>
    public const int MaxStoreValueBytes = 32 << 10;

    /// <summary>All values of a session together, in bytes.</summary>
    public const int MaxStoreBytes = 8 << 20;

    /// <summary>Keys written, read or deleted at once.</summary>
    public const int MaxStoreBatch = 100;

    /// <summary>Ids in one request: those kicked, let in, brought on stage, and so on.</summary>
    public const int MaxIds = 500;

    /// <summary>Most peers of one participant at once.</summary>
    public const int MaxPeersPerParticipant = 10;

    /// <summary>Connected meetings of one meeting.</summary>
    public const int MaxConnectedMeetings = 50;

    /// <summary>Who may follow one session from outside: what composes it, recorders of single tracks, and what writes down what is said.</summary>
    public const int MaxFollowers = 8;

    /// <summary>Of them, how many there may be beside what composes it: one place is kept for that, and so for livestreams, pushes and recordings.</summary>
    public const int MaxOtherFollowers = MaxFollowers - 1;
}
