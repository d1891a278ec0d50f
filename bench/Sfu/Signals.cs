namespace Roomcast.Bench.Sfu;

/// <summary>What the peers ask of the server, one JSON object on a line; signalling is not what is measured.</summary>
/// <param name="Id">Comes back with the answer.</param>
/// <param name="Act">join, transport, produce, consume, complete, figures or collect.</param>
/// <param name="Room">The room.</param>
/// <param name="Peer">The peer.</param>
/// <param name="Transport">A transport's id.</param>
/// <param name="Sdp">A description.</param>
/// <param name="IsSending">Whether the peer sends on the transport.</param>
/// <param name="Producer">A producer's id.</param>
internal sealed record Signal(
    int Id, string Act, string Room = "", string Peer = "", string Transport = "", string Sdp = "", bool IsSending = false, string Producer = "");

/// <summary>The answer.</summary>
/// <param name="Id">That of the question.</param>
/// <param name="Sdp">A description.</param>
/// <param name="Name">The id of what was made.</param>
/// <param name="Sent">Datagrams sent so far.</param>
/// <param name="Calls">System calls that sent them.</param>
/// <param name="Received">Datagrams received so far.</param>
/// <param name="Dropped">Datagrams dropped so far.</param>
/// <param name="Allocated">Bytes allocated so far.</param>
/// <param name="Fault">What went wrong.</param>
internal sealed record SignalAnswer(
    int Id,
    string Sdp = "",
    string Name = "",
    long Sent = 0,
    long Calls = 0,
    long Received = 0,
    long Dropped = 0,
    long Allocated = 0,
    string? Fault = null);
