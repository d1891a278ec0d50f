using Roomcast.Egress.Composition;

namespace Roomcast.Relay.Rooms;

/// <summary>A member that is to be shown somewhere.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="Position">Where, by the name it was asked for.</param>
/// <param name="Change">What that changes of what was chosen for it.</param>
internal readonly record struct Placing(string MemberId, string Position, Func<PeerDirection, PeerDirection> Change);
