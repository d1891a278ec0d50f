using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Tests.Blobs;

/// <summary>Keeps what is logged, so that a test can wait for it.</summary>
internal sealed class CountingLogger : ILogger
{
    /// <summary>Everything so far, with what of a fault would be written.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Waits until there are so many lines.</summary>
    public async Task WaitForAsync(int count)
    {
        while (Lines.Count < count)
        {
            await Task.Delay(20);
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{formatter(state, exception)} {exception}");
}
