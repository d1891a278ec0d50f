using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Playback;

/// <summary>Starts players.</summary>
internal interface IPlayerLauncher
{
    /// <summary>Starts one and waits until it has connected.</summary>
    /// <exception cref="CompositionException">It cannot be started, or ended before it connected.</exception>
    ValueTask<IWorker> StartAsync(CancellationToken cancellationToken);
}

/// <summary>Starts the composing worker's program as a player: each a process of its own, since it decodes what strangers name.</summary>
internal sealed class PlayerLauncher(IOptions<CompositionOptions> options) : IPlayerLauncher
{
    /// <summary>The argument that makes a player of the worker's program.</summary>
    public const string Argument = "--play";

    private readonly WorkerLauncher _launcher = new(options, [Argument]);

    /// <inheritdoc/>
    public ValueTask<IWorker> StartAsync(CancellationToken cancellationToken) => _launcher.StartAsync(cancellationToken);
}
