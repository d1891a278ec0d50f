namespace Roomcast.Rtmp.Amf;

/// <summary>What one message may still make us build. A peer's few bytes must not become a large tree.</summary>
/// <remarks>
/// The largest real message, a connect with every Enhanced RTMP map, holds about sixty values at depth three.
/// </remarks>
internal sealed class AmfBudget
{
    /// <summary>Objects and arrays inside one another.</summary>
    public const int MaxDepth = 32;

    /// <summary>Values of all kinds in one message.</summary>
    public const int MaxValues = 4_096;

    private int _values;

    /// <summary>Takes one value off the budget; false when it is used up.</summary>
    public bool TryTake() => ++_values <= MaxValues;
}
