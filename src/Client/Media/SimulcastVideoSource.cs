namespace Roomcast.Client.Media;

/// <summary>One encoding of a picture.</summary>
/// <param name="Rid">What it is called: 1 to 16 letters, digits, '-' and '_'.</param>
/// <param name="Source">What its frames are taken from.</param>
public sealed record SimulcastLayer(string Rid, IVideoSource Source);

/// <summary>The same pictures in several encodings, of which the server gives each participant the one they have room for.</summary>
/// <remarks>
/// The application encodes them, from one camera at several sizes. Their times are one line: frames of one picture have one time
/// in all. Servers of this house take the name that comes first in the order of characters for the best; web clients call them
/// <c>f</c>, <c>h</c> and <c>q</c>. The source ends with its best encoding.
/// </remarks>
public sealed class SimulcastVideoSource : IVideoSource
{
    private const int MaxLayers = 3;

    /// <summary>Makes one.</summary>
    /// <param name="layers">One to three encodings with names of their own, best first.</param>
    /// <exception cref="ArgumentException">There are none or too many, or two have one name.</exception>
    public SimulcastVideoSource(params IReadOnlyList<SimulcastLayer> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentOutOfRangeException.ThrowIfLessThan(layers.Count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layers.Count, MaxLayers);
        if (layers.Select(layer => layer.Rid).Distinct(StringComparer.Ordinal).Count() != layers.Count)
        {
            throw new ArgumentException("Each encoding has a name of its own.", nameof(layers));
        }

        Layers = [.. layers];
    }

    /// <summary>The encodings, best first.</summary>
    public IReadOnlyList<SimulcastLayer> Layers { get; }

    /// <summary>That of the best encoding.</summary>
    public MediaTimeline? Timeline => Layers[0].Source.Timeline;

    internal IReadOnlyList<string> Rids => [.. Layers.Select(layer => layer.Rid)];

    /// <summary>Gives the next frame of the best encoding, for whoever takes one only.</summary>
    public ValueTask<EncodedFrame?> ReadAsync(bool isKeyframeWanted, CancellationToken cancellationToken) =>
        Layers[0].Source.ReadAsync(isKeyframeWanted, cancellationToken);
}
