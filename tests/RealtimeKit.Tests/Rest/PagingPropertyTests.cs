using FsCheck;
using FsCheck.Fluent;
using Roomcast.RealtimeKit.Tests.Hosting;

namespace Roomcast.RealtimeKit.Tests.Rest;

/// <summary>Walks a list page by page while rows are added to it.</summary>
[Collection(SharedHostTests.Name)]
public sealed class PagingPropertyTests(SharedHost shared)
{
    private readonly ApiHost _host = shared.Host;

    /// <summary>How many rows there are at first, how many are read at once, and how many are added after each page.</summary>
    private static Gen<(int Rows, int PageSize, int[] Added)> Walks =>
        from rows in Gen.Choose(0, 9)
        from size in Gen.Choose(1, 4)
        from added in Gen.Choose(0, 2).ArrayOf(6)
        select (rows, size, added);

    [Fact]
    public async Task Oldest_first_no_row_is_lost_or_doubled()
    {
        foreach (var walk in Walks.Sample(12, 12))
        {
            var (before, added, read) = await WalkAsync(walk, _ => "sort_order=ASC");

            Assert.Equal(read.Distinct(), read);
            Assert.Equal(before.Concat(added).Take(read.Count), read);
            Assert.True(read.Count >= before.Count);
        }
    }

    [Fact]
    public async Task Newest_first_up_to_a_fixed_moment_no_row_is_lost_or_doubled()
    {
        foreach (var walk in Walks.Sample(12, 12))
        {
            var (before, _, read) = await WalkAsync(walk, start => $"end_time={start:yyyy-MM-ddTHH:mm:ss.fffZ}");

            Assert.Equal(Enumerable.Reverse(before), read);
        }
    }

    [Fact]
    public async Task Newest_first_no_row_that_was_there_is_lost()
    {
        foreach (var walk in Walks.Sample(12, 12))
        {
            var (before, _, read) = await WalkAsync(walk, _ => "");

            Assert.Equal(Enumerable.Reverse(before), read.Where(before.Contains).Distinct());
        }
    }

    private async Task<(List<string> Before, List<string> Added, List<string> Read)> WalkAsync(
        (int Rows, int PageSize, int[] Added) walk, Func<DateTimeOffset, string> filter)
    {
        var account = await _host.NewAccountAsync();
        var before = await AddAsync(walk.Rows);
        var query = filter(_host.Clock.GetUtcNow());
        var added = new List<string>();
        var read = new List<string>();
        for (var page = 1; ; page++)
        {
            var reply = await _host.Client.GetAsync(
                $"{account.AppPath}/livestreams?page_no={page}&per_page={walk.PageSize}&{query}", account.ReadToken);
            var rows = reply.Data["livestreams"]!.AsArray().Select(row => row!["id"]!.GetValue<string>()).ToArray();
            Assert.Equal(rows.Length == 0 ? 0 : ((page - 1) * walk.PageSize) + 1, reply.Paging.Start);
            Assert.Equal(rows.Length == 0 ? 0 : reply.Paging.Start + rows.Length - 1, reply.Paging.End);
            read.AddRange(rows);
            if (rows.Length < walk.PageSize)
            {
                return (before, added, read);
            }

            added.AddRange(await AddAsync(walk.Added.ElementAtOrDefault(page - 1)));
        }

        async Task<List<string>> AddAsync(int count)
        {
            var ids = new List<string>();
            for (var i = 0; i < count; i++)
            {
                ids.Add((await _host.NewLivestreamAsync(account.First)).Id.ToString());
            }

            return ids;
        }
    }
}
