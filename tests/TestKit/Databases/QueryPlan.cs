using System.Text.RegularExpressions;
using Roomcast.Storage;

namespace Roomcast.TestKit.Databases;

/// <summary>How an engine would run a list: by which indexes, and what in it would grow slow with the table.</summary>
/// <param name="Indexes">The indexes it walks, each once.</param>
/// <param name="Faults">Scans of a whole table, and sorting.</param>
public sealed partial record QueryPlan(IReadOnlyList<string> Indexes, IReadOnlyList<string> Faults)
{
    /// <summary>Asks for the plan of a list's page in both orders, and of its count.</summary>
    /// <remarks>
    /// PostgreSQL would rather read a small table whole, so it is told not to when there is another way: what remains then
    /// is what an index cannot answer.
    /// </remarks>
    public static async Task<QueryPlan> OfAsync(Database database, PagedQuery query)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(query);
        var lines = await database.ReadAsync(
            async transaction =>
            {
                var plan = new List<string>();
                if (transaction.Engine == DatabaseEngine.Postgres)
                {
                    await transaction.ExecuteAsync("SET LOCAL enable_seqscan = off");
                    await transaction.ExecuteAsync("SET LOCAL enable_bitmapscan = off");
                    await transaction.ExecuteAsync("SET LOCAL enable_sort = off");
                }

                else
                {
                    // Explaining alone does not make a connection notice that another changed the schema.
                    await transaction.QueryValueAsync<long>("SELECT count(*) FROM sqlite_schema");
                }

                foreach (var order in Enum.GetValues<SortOrder>())
                {
                    plan.AddRange(await query.ExplainAsync(transaction, new PageRequest(2, 20), order));
                }

                return plan;
            },
            CancellationToken.None);

        var indexes = lines.SelectMany(line => Index().Matches(line)).Select(match => match.Groups[1].Value).Distinct();
        return new QueryPlan([.. indexes], [.. lines.Where(line => Slow().IsMatch(line))]);
    }

    [GeneratedRegex(@"(?:USING (?:COVERING )?INDEX|Index (?:Only )?Scan (?:Backward )?using) (\w+)")]
    private static partial Regex Index();

    [GeneratedRegex(@"^SCAN|TEMP B-TREE|Seq Scan|\bSort\b")]
    private static partial Regex Slow();
}
