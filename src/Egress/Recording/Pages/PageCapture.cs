using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Recording.Pages;

/// <summary>Records a web page: once the page is to be recorded, as any composition is.</summary>
internal sealed class PageCapture(RecordedPages.PagePlace place, RecordedPage page, ICompositionLease lease, Func<ICapture> begin) : ICapture
{
    private ICapture? _composite;

    public TimeSpan Recorded => _composite?.Recorded ?? TimeSpan.Zero;

    public bool RunsByClock => _composite?.RunsByClock ?? false;

    public long DroppedFrames => _composite?.DroppedFrames ?? 0;

    public long DroppedMessages => _composite?.DroppedMessages ?? 0;

    public string? PushFault => _composite?.PushFault;

    // The page has a limit of its own, after which it says more than that nothing came.
    public TimeSpan StartPatience => 2 * RecordedPage.StartPatience;

    // Frames of the composition come all the time, and with each the page is looked at again.
    public async ValueTask<bool> WaitAsync()
    {
        if (_composite is not null)
        {
            return await _composite.WaitAsync();
        }

        await Task.WhenAny(page.Started, page.Completion);
        return true;
    }

    public CaptureReading Read()
    {
        if (page.Completion.IsFaulted || (page.Completion.IsCompleted && !page.Started.IsCompleted))
        {
            place.Leave();
            var fault = page.Completion.Exception?.InnerException;
            throw fault as RecordingFault ?? new RecordingFault("The page could not be recorded.", fault);
        }

        if (_composite is null)
        {
            if (!page.Started.IsCompleted)
            {
                return default;
            }

            _composite = begin();
        }

        var reading = _composite.Read();
        return page.Completion.IsCompleted ? reading with { IsOver = true } : reading;
    }

    public void Pause() => _composite?.Pause();

    public void Resume() => _composite?.Resume();

    public void Close()
    {
        place.Leave();
        _composite?.Close();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await (_composite?.DisposeAsync() ?? lease.DisposeAsync());
        }
        finally
        {
            await place.DisposeAsync();
        }
    }
}
