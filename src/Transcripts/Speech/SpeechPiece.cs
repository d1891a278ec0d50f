namespace Roomcast.Transcripts.Speech;

/// <summary>A piece of what somebody said.</summary>
/// <param name="PeerId">Who.</param>
/// <param name="StartedAt">When it begins.</param>
/// <param name="EndedAt">When it ends.</param>
/// <param name="Ogg">The sound: Opus in Ogg.</param>
public sealed record SpeechPiece(string PeerId, DateTimeOffset StartedAt, DateTimeOffset EndedAt, ReadOnlyMemory<byte> Ogg);
