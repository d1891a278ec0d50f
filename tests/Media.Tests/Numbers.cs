using FsCheck;
using FsCheck.Fluent;

namespace Roomcast.Media.Tests;

/// <summary>Generators of numbers that FsCheck lacks.</summary>
internal static class Numbers
{
    /// <summary>A number of 64 bits from <paramref name="low"/> up to and without <paramref name="high"/>.</summary>
    public static Gen<long> Between(long low, long high) =>
        from upper in Gen.Choose(0, int.MaxValue)
        from lower in Gen.Choose(0, int.MaxValue)
        select low + ((((long)upper << 31) | (uint)lower) % (high - low));
}
