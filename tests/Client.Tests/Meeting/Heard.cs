namespace Roomcast.Client.Tests.Meeting;

/// <summary>What was heard, in its order.</summary>
internal sealed class Heard
{
    private readonly Lock _lock = new();
    private readonly List<string> _all = [];

    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _all];
            }
        }
    }

    public void Add(string what)
    {
        lock (_lock)
        {
            _all.Add(what);
        }
    }

    public Task UntilAsync(string what) => MeetingServer.UntilAsync(() => All.Contains(what), $"'{what}' is heard, besides {string.Join(", ", All)}");
}
