using Roomcast.Client.Relay;
using Roomcast.Client.Wire;

namespace Roomcast.Client.Tests.Wire;

/// <summary>Handlers of one event are called each by itself.</summary>
public class HandlersTests
{
    [Fact]
    public async Task Of_what_happens_once_all_are_told_whoever_throws()
    {
        var (faults, heard) = (new List<string>(), new List<string>());
        var queue = new EventQueue(null, fault => faults.Add(fault.Message), _ => { });
        var over = new Milestone<string>(queue.Raise);
        over.Add(_ => throw new InvalidOperationException("one"));
        over.Add(heard.Add);
        over.Add(_ => throw new InvalidOperationException("three"));
        over.Add(heard.Add);

        over.Reach("it");
        over.Add(heard.Add); // Late.
        await queue.DrainAsync();

        Assert.Equal(["it", "it", "it"], heard);
        Assert.Equal(["one", "three"], faults);
        queue.Complete();
    }
}
