namespace Roomcast.Meetings.Sessions.Rules;

/// <summary>Where the outcome of something that takes a while goes. One of the two is called, once, on the session's loop.</summary>
/// <param name="Give">Takes the outcome.</param>
/// <param name="Refuse">Takes the refusal.</param>
public readonly record struct Answer<T>(Action<T> Give, Action<SessionException> Refuse);
