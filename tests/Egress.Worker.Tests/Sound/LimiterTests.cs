using Roomcast.Egress.Worker.Sound;

namespace Roomcast.Egress.Worker.Tests.Sound;

public sealed class LimiterTests
{
    private const int Ahead = Limiter.Block * Limiter.BlocksAhead;

    [Fact]
    public void What_is_below_the_ceiling_is_not_touched()
    {
        var random = new Random(3);
        var sound = Enumerable.Range(0, 48_000).Select(_ => (float)((random.NextDouble() * 2) - 1) * Limiter.Ceiling).ToArray();
        Assert.Equal(sound[..^Ahead], Limit(sound)[..^Ahead]);
    }

    [Fact]
    public void Nothing_passes_the_ceiling()
    {
        var random = new Random(4);
        for (var round = 0; round < 20; round++)
        {
            var loudness = Math.Pow(10, random.NextDouble() * 2);
            var sound = Enumerable.Range(0, 9_600).Select(i => (float)(((random.NextDouble() * 2) - 1) * (random.Next(400) == 0 ? loudness : 0.3))).ToArray();
            Assert.InRange(Limit(sound)[..^Ahead].Max(Math.Abs), 0, Limiter.Ceiling + 0.0001f);
        }
    }

    [Fact]
    public void The_gain_comes_back_slowly_and_altogether()
    {
        // A click, and then a voice: it is a little softer for a while, and after half a second exactly as it was.
        var sound = Enumerable.Range(0, 96_000).Select(static i => i == 9_600 ? 3f : 0.5f * MathF.Sin(i * 0.05f)).ToArray();
        var limited = Limit(sound);
        Assert.Equal(sound[..9_000], limited[..9_000]);
        Assert.True(limited[10_000..11_000].Max() < 0.3f);
        Assert.Equal(sound[80_000..90_000], limited[80_000..90_000]);
    }

    private static float[] Limit(float[] sound)
    {
        var (left, right) = ((float[])sound.Clone(), (float[])sound.Clone());
        var limiter = new Limiter();
        for (var at = 0; at + Limiter.Block + Ahead <= sound.Length; at += Limiter.Block)
        {
            limiter.Apply(left.AsSpan(at, Limiter.Block + Ahead), right.AsSpan(at, Limiter.Block + Ahead));
        }

        Assert.Equal(left, right);
        return left;
    }
}
