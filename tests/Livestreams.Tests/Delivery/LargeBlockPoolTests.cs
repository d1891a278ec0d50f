using Roomcast.Livestreams.Delivery;

namespace Roomcast.Livestreams.Tests.Delivery;

public sealed class LargeBlockPoolTests
{
    [Fact]
    public void A_block_is_lent_to_one_at_a_time()
    {
        using var factory = new LargeBlockPoolFactory();
        using var pool = factory.Create();
        var first = pool.Rent(1);
        var second = pool.Rent();
        Assert.Equal(16_384, first.Memory.Length);
        Assert.False(first.Memory.Span.Overlaps(second.Memory.Span));

        var memory = first.Memory;
        first.Dispose();
        first.Dispose();
        var third = pool.Rent(16_384);
        var fourth = pool.Rent(100);
        Assert.True(memory.Span.Overlaps(third.Memory.Span));
        Assert.False(memory.Span.Overlaps(fourth.Memory.Span));
    }

    [Fact]
    public void More_than_a_block_is_not_lent()
    {
        using var factory = new LargeBlockPoolFactory();
        var pool = factory.Create();
        Assert.Equal(16_384, pool.MaxBufferSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(16_385));
    }

    [Fact]
    public void One_part_of_the_server_that_ends_leaves_the_others_their_blocks()
    {
        using var factory = new LargeBlockPoolFactory();
        var other = factory.Create();
        factory.Create().Dispose();
        using var block = other.Rent(10);
        block.Memory.Span.Fill(1);
    }
}
