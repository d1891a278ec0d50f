namespace Roomcast.Egress.Worker.Sound;

/// <summary>Keeps a mix from clipping. What stays below the ceiling by itself is not touched at all.</summary>
/// <remarks>
/// Looks ahead: the gain goes down in a straight line over the 5 ms before a peak, and comes back over some 150 ms. Between two
/// borders of blocks the gain is a straight line, and at both it is low enough for the block's peak, so that nothing passes the
/// ceiling.
/// </remarks>
internal sealed class Limiter
{
    /// <summary>Samples that are handled together: 1.3 ms.</summary>
    public const int Block = 64;

    /// <summary>Blocks after the present one that must be known.</summary>
    public const int BlocksAhead = 4;

    /// <summary>Highest that comes out: 0.45 dB below full, for what encoding adds.</summary>
    public const float Ceiling = 0.95f;

    private const float Release = (float)Block / 48_000 / 0.15f;

    private float _gain = 1;

    /// <summary>Limits one block in place.</summary>
    /// <param name="left">The block and <see cref="BlocksAhead"/> more.</param>
    /// <param name="right">The same of the other channel.</param>
    public void Apply(Span<float> left, Span<float> right)
    {
        var next = Math.Min(1, _gain + ((1 - _gain) * Release));
        for (var ahead = 0; ahead <= BlocksAhead; ahead++)
        {
            var peak = Math.Max(PeakOf(left.Slice(ahead * Block, Block)), PeakOf(right.Slice(ahead * Block, Block)));
            if (peak > Ceiling)
            {
                var needed = Ceiling / peak;
                var share = Math.Max(0, ahead - 1) / (float)BlocksAhead;
                next = Math.Min(next, needed + ((1 - needed) * share));
            }
        }

        // So near to 1 that nobody can tell; from here on nothing is touched.
        next = next > 0.9999f ? 1 : next;
        if (_gain != 1 || next != 1)
        {
            var step = (next - _gain) / Block;
            for (var i = 0; i < Block; i++)
            {
                var gain = _gain + (step * (i + 1));
                left[i] *= gain;
                right[i] *= gain;
            }
        }

        _gain = next;
    }

    private static float PeakOf(ReadOnlySpan<float> samples)
    {
        var peak = 0f;
        foreach (var sample in samples)
        {
            peak = Math.Max(peak, Math.Abs(sample));
        }

        return peak;
    }
}
