using Roomcast.Meetings.Media;
using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Peers;

/// <summary>A peer that says it comes back to transports which the server does not have: its return waits for new ones.</summary>
/// <param name="Answer">Takes the outcome; null when that was given and the peer has to ask again.</param>
/// <param name="AskedAt">When it asked last, which is the question that is to be answered.</param>
internal sealed record HeldReturn(Answer<bool>? Answer, TimeSpan AskedAt);

/// <summary>A transport that a peer asked for before it asked to enter the media side.</summary>
/// <param name="Open">Opens it after all.</param>
/// <param name="Answer">Takes the outcome.</param>
/// <param name="AskedAt">When it was asked for.</param>
internal sealed record HeldTransport(Action Open, Answer<CreatedTransport> Answer, TimeSpan AskedAt);
