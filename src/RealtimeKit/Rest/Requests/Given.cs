namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>A body field that may be absent, null or have a value: three different wishes in a change.</summary>
/// <param name="IsGiven">Whether the body holds it, null included.</param>
/// <param name="Value">Its value; the default when it is absent, null or faulty.</param>
/// <typeparam name="T">The value's type.</typeparam>
internal readonly record struct Given<T>(bool IsGiven, T? Value);
