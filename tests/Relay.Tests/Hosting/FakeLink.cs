using System.Text;
using System.Text.Json.Nodes;
using Roomcast.Relay.Controllers;

namespace Roomcast.Relay.Tests.Hosting;

/// <summary>A connection that keeps what it is sent.</summary>
internal sealed class FakeLink : IControllerLink
{
    private readonly Lock _lock = new();
    private readonly List<string> _frames = [];

    public IReadOnlyList<string> Frames
    {
        get
        {
            lock (_lock)
            {
                return [.. _frames];
            }
        }
    }

    public bool SeesSecrets { get; init; } = true;

    public bool IsReplaced { get; private set; }

    /// <summary>The events, as their inner parameters with their names.</summary>
    public IReadOnlyList<(string Type, JsonNode Params)> Events =>
    [
        .. Frames.Select(frame => JsonNode.Parse(frame)!["params"]).Where(said => said?["event_type"] is not null)
            .Select(said => ((string)said!["event_type"]!, said["params"]!)),
    ];

    public IReadOnlyList<string> Types => [.. Events.Select(each => each.Type)];

    public void Send(byte[] frame)
    {
        lock (_lock)
        {
            _frames.Add(Encoding.UTF8.GetString(frame));
        }
    }

    public void Replace() => IsReplaced = true;

    public void Clear()
    {
        lock (_lock)
        {
            _frames.Clear();
        }
    }
}
