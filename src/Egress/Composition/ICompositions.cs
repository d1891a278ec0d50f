using Roomcast.Feeds;

namespace Roomcast.Egress.Composition;

/// <summary>The compositions of all sessions: one for each, for all its outputs.</summary>
public interface ICompositions
{
    /// <summary>A format of a size, with what is configured for the rest.</summary>
    /// <param name="width">In pixels, as <see cref="CompositionFormat.Width"/>.</param>
    /// <param name="height">In pixels, as <see cref="CompositionFormat.Height"/>.</param>
    CompositionFormat FormatOf(int width = 1_280, int height = 720) => new CompositionOptions().FormatOf(width, height);

    /// <summary>
    /// Takes part in the composition of a session; the first to do so starts it, with its format. Each lease is disposed of
    /// once, and the composition stops with the last.
    /// </summary>
    /// <param name="sessionId">The session, a UUID.</param>
    /// <param name="format">What the first wants; later ones get what there is (<see cref="ICompositionLease.Format"/>).</param>
    /// <param name="cancellationToken">Gives up waiting for the start.</param>
    /// <exception cref="CompositionException">It cannot be composed.</exception>
    ValueTask<ICompositionLease> AcquireAsync(Guid sessionId, CompositionFormat format, CancellationToken cancellationToken);
}

/// <summary>A part in a composition.</summary>
public interface ICompositionLease : IAsyncDisposable
{
    /// <summary>
    /// The composed picture and sound, tracks <see cref="CompositionFormat.VideoTrackId"/> and <see cref="CompositionFormat.AudioTrackId"/>.
    /// It goes on, after a discontinuity, when the worker was started again, and ends with the session or the last lease.
    /// </summary>
    Feed Feed { get; }

    /// <summary>What it is encoded as.</summary>
    CompositionFormat Format { get; }

    /// <summary>Why the feed has ended although this lease was held; null while it goes on.</summary>
    CompositionException? Failure => null;
}

/// <summary>Why something cannot be composed.</summary>
public enum CompositionRefusal
{
    /// <summary>There is no such session, or it has ended.</summary>
    NoSession,

    /// <summary>The codecs' libraries are not installed, or not usable.</summary>
    NoLibraries,

    /// <summary>The machine has too much to do for one more without harm to those that run.</summary>
    Overloaded,

    /// <summary>The worker could not be started, or died again and again.</summary>
    WorkerFailed,

    /// <summary>The server stops.</summary>
    Stopping,

    /// <summary>As many receive the session's media as may.</summary>
    TooMany,
}

/// <summary>Something cannot be composed.</summary>
public sealed class CompositionException : Exception
{
    /// <summary>Makes one.</summary>
    public CompositionException(CompositionRefusal refusal, string message, Exception? innerException = null)
        : base(message, innerException) => Refusal = refusal;

    /// <summary>Why.</summary>
    public CompositionRefusal Refusal { get; }

    /// <summary>The same for those whose meeting it is: what the message says of the server's own programs and paths is for its owner.</summary>
    public string Told => Refusal is CompositionRefusal.WorkerFailed ? "The server failed to compose the meeting." : Message;
}
