namespace Roomcast.Egress.Worker.Tests.Media;

/// <summary>A short sweep through the tones, whose place in a sound can be found to the millisecond.</summary>
/// <param name="begin">When it begins, in seconds.</param>
internal sealed class Chirp(double begin)
{
    private const double Length = 0.1;
    private const double FirstHz = 500;
    private const double LastHz = 4_000;

    public double At(double seconds)
    {
        var time = seconds - begin;
        return time is < 0 or > Length ? 0 : 0.5 * Math.Sin(2 * Math.PI * ((FirstHz * time) + ((LastHz - FirstHz) * time * time / 2 / Length)));
    }

    /// <summary>By how much it is later than where it should be; looked for within 40 ms.</summary>
    public TimeSpan FindIn(ComposedOutput output, double wanted)
    {
        const int Reach = SoundSource.RateHz / 25;
        var first = (int)Math.Round((wanted - output.Sounds[0].TotalSeconds) * SoundSource.RateHz);
        var best = (Likeness: double.MinValue, Lag: 0);
        for (var lag = -Reach; lag <= Reach; lag++)
        {
            var likeness = 0.0;
            for (var i = 0; i < Length * SoundSource.RateHz; i++)
            {
                likeness += output.Left[first + lag + i] * At(begin + ((double)i / SoundSource.RateHz));
            }

            best = likeness > best.Likeness ? (likeness, lag) : best;
        }

        Assert.True(best.Likeness > 100, $"It is not to be heard around {wanted} s.");
        return TimeSpan.FromSeconds((double)best.Lag / SoundSource.RateHz);
    }
}
