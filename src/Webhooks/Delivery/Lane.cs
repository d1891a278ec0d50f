namespace Roomcast.Webhooks.Delivery;

/// <summary>What must arrive in order at one receiver.</summary>
internal sealed class Lane(string name)
{
    private volatile TaskCompletionSource _woken = New();

    public string Name => name;

    public Task Run { get; set; } = Task.CompletedTask;

    /// <summary>Whether something was added or changed since <see cref="Settle"/>.</summary>
    public bool IsWoken => _woken.Task.IsCompleted;

    public Task Woken => _woken.Task;

    public void Wake() => _woken.TrySetResult();

    public void Settle()
    {
        if (IsWoken)
        {
            _woken = New();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
