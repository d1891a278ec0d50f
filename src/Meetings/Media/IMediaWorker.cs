using Roomcast.Rtc;
using Roomcast.Rtc.Ice;
using Roomcast.Transports.Rtc;

namespace Roomcast.Meetings.Media;

/// <summary>The thread that an engine lives on, and its socket; a test's is virtual.</summary>
internal interface IMediaWorker
{
    /// <summary>Takes datagrams to be sent, on the worker's thread.</summary>
    IDatagramSink Sink { get; }

    /// <summary>Where peers reach us, best first.</summary>
    IReadOnlyList<IceCandidate> Candidates { get; }

    /// <summary>Where programs of this machine reach us: behind a router, the address that others are told may lead nowhere from here.</summary>
    IReadOnlyList<IceCandidate> LocalCandidates { get; }

    /// <summary>Does something on the worker's thread. Thread-safe.</summary>
    /// <returns>False when it will not be done.</returns>
    bool TryPost(Action<TimeSpan> work);

    /// <summary>Brings checks for this ufrag here.</summary>
    void AddUfrag(string ufrag);

    /// <summary>Undoes <see cref="AddUfrag"/>.</summary>
    void RemoveUfrag(string ufrag);

    /// <summary>Brings what comes from this address here.</summary>
    /// <returns>False when the address is a TCP connection that has ended.</returns>
    bool AddPath(in RtcAddress path);

    /// <summary>Undoes <see cref="AddPath"/>; closes a TCP connection.</summary>
    void RemovePath(in RtcAddress path);
}

/// <summary>A worker of the WebRTC port.</summary>
internal sealed class PortWorker(RtcWorker worker, MediaEngines engines) : IMediaWorker
{
    public IDatagramSink Sink => worker.Sink;

    public IReadOnlyList<IceCandidate> Candidates => engines.Candidates();

    public IReadOnlyList<IceCandidate> LocalCandidates => engines.LocalCandidates();

    public bool TryPost(Action<TimeSpan> work) => worker.TryPost(work);

    public void AddUfrag(string ufrag) => worker.AddUfrag(ufrag);

    public void RemoveUfrag(string ufrag) => worker.RemoveUfrag(ufrag);

    public bool AddPath(in RtcAddress path) => worker.AddPath(path);

    public void RemovePath(in RtcAddress path) => worker.RemovePath(path);
}
