namespace Roomcast.Livestreams.Viewers;

/// <summary>One viewer of one livestream as told to its owner.</summary>
/// <param name="Id">Opaque; a reload of the page makes a new one.</param>
/// <param name="Player">The player's family, for example <c>hls.js</c>, <c>AVPlayer</c>, <c>VLC</c>, <c>FFmpeg</c>.</param>
/// <param name="Since">When it began to watch.</param>
public sealed record PresentViewer(string Id, string Player, DateTimeOffset Since);
