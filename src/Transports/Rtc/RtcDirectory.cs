using System.Collections.Concurrent;
using Roomcast.Rtc;

namespace Roomcast.Transports.Rtc;

/// <summary>Which worker a datagram is for: by the ufrag a check asks for, and by the address of anything else. Thread-safe.</summary>
internal sealed class RtcDirectory
{
    private const int MaxUfragLength = 256;

    private readonly ConcurrentDictionary<string, RtcWorker> _ufrags = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RtcWorker>.AlternateLookup<ReadOnlySpan<char>> _ufragsBySpan;
    private readonly ConcurrentDictionary<RtcAddress, RtcWorker> _paths = new();

    public RtcDirectory() => _ufragsBySpan = _ufrags.GetAlternateLookup<ReadOnlySpan<char>>();

    public void AddUfrag(string ufrag, RtcWorker owner) => _ufrags[ufrag] = owner;

    public void RemoveUfrag(string ufrag, RtcWorker owner) => _ufrags.TryRemove(new KeyValuePair<string, RtcWorker>(ufrag, owner));

    /// <summary>Finds the owner of a fragment as it stands in a datagram.</summary>
    public RtcWorker? FindUfrag(ReadOnlySpan<byte> ufrag)
    {
        if (ufrag.Length > MaxUfragLength)
        {
            return null;
        }

        Span<char> text = stackalloc char[MaxUfragLength];
        for (var i = 0; i < ufrag.Length; i++)
        {
            text[i] = (char)ufrag[i];
        }

        return _ufragsBySpan.TryGetValue(text[..ufrag.Length], out var owner) ? owner : null;
    }

    public void AddPath(in RtcAddress path, RtcWorker owner) => _paths[path] = owner;

    public bool RemovePath(in RtcAddress path, RtcWorker owner) => _paths.TryRemove(new KeyValuePair<RtcAddress, RtcWorker>(path, owner));

    public RtcWorker? FindPath(in RtcAddress path) => _paths.TryGetValue(path, out var owner) ? owner : null;
}
