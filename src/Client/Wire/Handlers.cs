namespace Roomcast.Client.Wire;

/// <summary>Calls the handlers of an event each by itself: one that throws keeps none from the others.</summary>
/// <remarks>All events of the package are raised by this, within an <see cref="EventQueue"/>, which tells what was thrown.</remarks>
internal static class Handlers
{
    /// <summary>Calls all.</summary>
    /// <exception cref="HandlersFailedException">Some have thrown; all were called.</exception>
    public static void CallEach(this Action? handlers) => CallEach(handlers, static handler => handler());

    /// <inheritdoc cref="CallEach(Action)"/>
    public static void CallEach<T>(this Action<T>? handlers, T value) => CallEach(handlers, handler => handler(value));

    /// <inheritdoc cref="CallEach(Action)"/>
    public static void CallEach<T1, T2>(this Action<T1, T2>? handlers, T1 first, T2 second) => CallEach(handlers, handler => handler(first, second));

    private static void CallEach<T>(T? handlers, Action<T> call)
        where T : Delegate
    {
        List<Exception>? faults = null;
        foreach (var handler in Delegate.EnumerateInvocationList(handlers))
        {
            try
            {
                call(handler);
            }
            catch (Exception fault)
            {
                (faults ??= []).Add(fault);
            }
        }

        if (faults is not null)
        {
            throw new HandlersFailedException(faults);
        }
    }
}

/// <summary>Handlers of one event have thrown.</summary>
internal sealed class HandlersFailedException(IReadOnlyList<Exception> faults) : Exception("Handlers of the application have thrown.", faults[0])
{
    /// <summary>What each has thrown, in their order.</summary>
    public IReadOnlyList<Exception> Faults => faults;
}
