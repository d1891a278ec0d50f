using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Features;

namespace Roomcast.Meetings.Sessions.Events;

/// <summary>A message was sent; its sender is told as well.</summary>
public sealed record MessageSent(ChatMessage Message) : SessionEvent;

/// <summary>A message was changed by its sender.</summary>
public sealed record MessageEdited(ChatMessage Message) : SessionEvent;

/// <summary>A message was taken back by its sender.</summary>
public sealed record MessageDeleted(ChatMessageId MessageId) : SessionEvent;

/// <summary>A message was pinned, or its pin taken away.</summary>
public sealed record MessagePinned(ChatMessage Message) : SessionEvent;

/// <summary>A poll has begun.</summary>
public sealed record PollCreated(PollView Poll) : SessionEvent;

/// <summary>Somebody voted in a poll.</summary>
public sealed record PollVoted(PollView Poll) : SessionEvent;

/// <summary>Values of a store have been written or deleted.</summary>
/// <param name="Space">The space of stores it belongs to.</param>
/// <param name="Store">The store's name.</param>
/// <param name="Items">The values; empty ones when they were deleted.</param>
/// <param name="AreDeleted">Whether they were deleted.</param>
public sealed record StoreChanged(string Space, string Store, IReadOnlyList<StoreItem> Items, bool AreDeleted) : SessionEvent;
