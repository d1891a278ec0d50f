using System.Collections.Concurrent;
using Roomcast.Livestreams.Ingest;

namespace Roomcast.Livestreams.Tests.Ingest;

/// <summary>A gate with a handful of keys. Each is refused, or admitted to a publisher that records.</summary>
internal sealed class FakeGate : IIngestGate
{
    private readonly ConcurrentDictionary<string, Func<IngestRequest, CancellationToken, ValueTask<IngestAdmission>>> _keys = new(StringComparer.Ordinal);

    /// <summary>All requests so far.</summary>
    public ConcurrentQueue<IngestRequest> Requests { get; } = new();

    /// <summary>Admits a key to a fresh publisher each time; the newest can be waited for.</summary>
    public AdmittedKey Admit(string key, bool keepsPayload = true)
    {
        var admitted = new AdmittedKey();
        _keys[key] = (_, _) =>
        {
            var publisher = new RecordingPublisher { KeepsPayload = keepsPayload };
            admitted.Add(publisher);
            return ValueTask.FromResult(new IngestAdmission(publisher, null));
        };
        return admitted;
    }

    public void Refuse(string key, IngestRefusal refusal) =>
        _keys[key] = (_, _) => ValueTask.FromResult(new IngestAdmission(null, refusal));

    public void Answer(string key, Func<IngestRequest, CancellationToken, ValueTask<IngestAdmission>> answer) => _keys[key] = answer;

    public ValueTask<IngestAdmission> AdmitAsync(IngestRequest request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        return _keys.TryGetValue(request.StreamKey, out var answer)
            ? answer(request, cancellationToken)
            : ValueTask.FromResult(new IngestAdmission(null, IngestRefusal.UnknownKey));
    }
}

/// <summary>The publishers of one key, in the order they were admitted.</summary>
internal sealed class AdmittedKey
{
    private readonly List<RecordingPublisher> _publishers = [];

    public IReadOnlyList<RecordingPublisher> All
    {
        get
        {
            lock (_publishers)
            {
                return [.. _publishers];
            }
        }
    }

    public RecordingPublisher Newest => All[^1];

    public void Add(RecordingPublisher publisher)
    {
        lock (_publishers)
        {
            _publishers.Add(publisher);
        }
    }
}
