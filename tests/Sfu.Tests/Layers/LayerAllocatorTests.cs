using Roomcast.Sfu.Layers;

namespace Roomcast.Sfu.Tests.Layers;

public sealed class LayerAllocatorTests
{
    [Fact]
    public void With_plenty_everybody_gets_what_is_wanted()
    {
        Assert.Equal([0, 1, 2], Give(100_000_000, Camera(), Camera(preferred: 1), Camera(preferred: 2)));
    }

    [Theory]
    [InlineData(1_700_000, new[] { 0 })]
    [InlineData(1_000_000, new[] { 1 })]
    [InlineData(450_000, new[] { 2 })]
    [InlineData(100_000, new[] { -1 })]
    public void A_video_falls_to_what_fits_and_then_pauses(long budget, int[] expected) =>
        Assert.Equal(expected, Give(budget, Camera(current: 0)));

    [Fact]
    public void Everybody_has_a_picture_before_anybody_has_a_better_one()
    {
        Assert.Equal([2, 2, 2], Give(500_000, Camera(current: 2), Camera(current: 2), Camera(current: 2)));
        Assert.Equal([2, 2, 2], Give(430_000, Camera(current: 2), Camera(current: 2), Camera(current: 2)));
        Assert.Equal([1, 2, 2], Give(970_000, Camera(current: 1), Camera(current: 2), Camera(current: 2)));
        Assert.Equal([2, 2, -1], Give(410_000, Camera(current: 2), Camera(current: 2), Camera(current: 2)));
    }

    [Fact]
    public void A_step_up_needs_room_to_spare_and_staying_does_not()
    {
        // From 150 to 500 kbit/s are 350, and 1.15 times that 402.5.
        Assert.Equal([2], Give(150_000 + 402_000, Camera(current: 2, preferred: 1)));
        Assert.Equal([1], Give(150_000 + 403_000, Camera(current: 2, preferred: 1)));
        Assert.Equal([1], Give(500_000, Camera(current: 1, preferred: 1)));
    }

    [Fact]
    public void An_encoding_that_does_not_exist_is_replaced_by_the_next_worse_or_else_the_nearest_better()
    {
        Assert.Equal([1], Give(10_000_000, Wish(preferred: 0, current: null, (1, 500_000), (2, 150_000))));
        Assert.Equal([1], Give(10_000_000, Wish(preferred: 2, current: null, (0, 1_500_000), (1, 500_000))));
        Assert.Equal([-1], Give(10_000_000, Wish(preferred: 2, current: null)));
    }

    [Theory]
    [InlineData(200_000, 3)]
    [InlineData(120_000, 1)]
    [InlineData(90_000, 0)]
    [InlineData(60_000, -1)]
    public void Below_the_worst_encoding_a_video_falls_by_its_temporal_layers_before_it_pauses(long budget, int expected)
    {
        var wish = Wish(preferred: 0, current: 0, (0, 1_500_000), (1, 150_000));
        wish.Candidates.AddRange([new LayerCandidate(1, 110_000, 1), new LayerCandidate(1, 80_000, 0)]);
        LayerAllocator.Allocate(budget, [wish]);

        Assert.Equal(expected, wish.GivenRank is null ? -1 : wish.GivenTemporal);
        Assert.True(wish.GivenRank is null or 1);
    }

    [Fact]
    public void Temporal_layers_are_no_choice_while_a_whole_encoding_fits()
    {
        // The preferred encoding does not exist; the nearest better one is taken whole.
        var wish = Wish(preferred: 2, current: null, (0, 1_500_000));
        wish.Candidates.Add(new LayerCandidate(0, 900_000, 0));
        LayerAllocator.Allocate(10_000_000, [wish]);
        Assert.Equal((0, TemporalFilter.All), (wish.GivenRank, wish.GivenTemporal));

        // A step back up needs room to spare, as one between encodings does.
        wish = Wish(preferred: 0, current: 0, (0, 150_000));
        wish.CurrentTemporal = 0;
        wish.Candidates.Add(new LayerCandidate(0, 80_000, 0));
        LayerAllocator.Allocate(155_000, [wish]);
        Assert.Equal(0, wish.GivenTemporal);
        LayerAllocator.Allocate(161_000, [wish]);
        Assert.Equal(TemporalFilter.All, wish.GivenTemporal);
    }

    [Fact]
    public void What_all_together_would_take_is_told()
    {
        List<LayerWish> wishes = [Camera(), Camera(preferred: 1)];
        Assert.Equal(2_000_000, LayerAllocator.Allocate(0, wishes));
    }

    private static int[] Give(long budget, params LayerWish[] wishes)
    {
        LayerAllocator.Allocate(budget, [.. wishes]);
        return wishes.Select(wish => wish.GivenRank ?? -1).ToArray();
    }

    private static LayerWish Camera(int preferred = 0, int? current = null) =>
        Wish(preferred, current, (0, 1_500_000), (1, 500_000), (2, 150_000));

    private static LayerWish Wish(int preferred, int? current, params (int Rank, long RateBps)[] candidates)
    {
        var wish = new LayerWish { PreferredRank = preferred, CurrentRank = current };
        wish.Candidates.AddRange(candidates.Select(candidate => new LayerCandidate(candidate.Rank, candidate.RateBps)));
        return wish;
    }
}
