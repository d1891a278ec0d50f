using Dapper;

namespace Roomcast.Storage;

/// <summary>A list read page by page: the rows in a stable order, and how many there are on all pages.</summary>
/// <remarks>
/// The order is by age and, among rows of the same millisecond, by id, so that no row is on two pages or on none. The filters
/// are conjoined; the columns ordered by must be called <c>created_at</c> and <c>id</c>, and an index must lead to them.
/// A page is read from the nearer end of the list. One that is far from both is found by walking the index alone, which passes
/// over some ten rows in a microsecond, and read from there; where the list is kept in blocks, the walk begins in the block of
/// the page's first row.
/// </remarks>
public sealed class PagedQuery
{
    private const string Age = "created_at";

    /// <summary>Rows that are passed over one by one; before more of them, the first row of the page is looked for in the index.</summary>
    internal const int FarAway = 500;

    private readonly string _columns;
    private readonly string _table;
    private readonly List<string> _filters = [];
    private readonly DynamicParameters _parameters = new();
    private string? _countedOwner;
    private string _orderedBy = Age;

    /// <summary>Lists a table.</summary>
    /// <param name="columns">What to select.</param>
    /// <param name="table">From where.</param>
    public PagedQuery(string columns, string table)
    {
        _columns = columns;
        _table = table;
    }

    /// <summary>Adds a condition without a value.</summary>
    public PagedQuery Where(string condition)
    {
        _filters.Add(condition);
        return this;
    }

    /// <summary>Adds a condition with one value, named in it as <c>@name</c>.</summary>
    public PagedQuery Where(string condition, string name, object value)
    {
        _filters.Add(condition);
        _parameters.Add(name, value);
        return this;
    }

    /// <summary>Adds a condition that another store has made.</summary>
    public PagedQuery Where(RowCondition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return Where(condition.Sql, condition.Name, condition.Value);
    }

    /// <summary>Adds the bounds of a range of <c>created_at</c>.</summary>
    public PagedQuery WhereCreated(TimeRange range)
    {
        if (range.From is { } from)
        {
            Where("created_at >= @CreatedFrom", "CreatedFrom", StoredTime.CeilingOf(from));
        }

        if (range.To is { } to)
        {
            Where("created_at < @CreatedTo", "CreatedTo", StoredTime.CeilingOf(to));
        }

        return this;
    }

    /// <summary>
    /// Says that the length of this list is kept in <c>list_counts</c>, under the table's name, where the engine keeps one, and
    /// what its blocks hold in <c>list_blocks</c>, if it has any; for a list without other filters than its owner's. Triggers keep both.
    /// </summary>
    /// <param name="owner">Whose list it is, as the triggers write it.</param>
    public PagedQuery CountedFor(string owner)
    {
        _countedOwner = owner;
        return this;
    }

    /// <summary>Orders by something else than age; the id still decides among equals.</summary>
    /// <param name="expression">A column, or an expression of columns and parameters that <see cref="With"/> has named.</param>
    public PagedQuery OrderedBy(string expression)
    {
        _orderedBy = expression;
        return this;
    }

    /// <summary>Gives a value a name, for an expression.</summary>
    public PagedQuery With(string name, object value)
    {
        _parameters.Add(name, value);
        return this;
    }

    /// <summary>Reads one page.</summary>
    /// <param name="transaction">Where.</param>
    /// <param name="page">Which.</param>
    /// <param name="order">By age, or by what <see cref="OrderedBy"/> says.</param>
    /// <param name="read">Makes the listed thing of a row.</param>
    public async Task<Page<T>> ReadAsync<TRow, T>(DatabaseTransaction transaction, PageRequest page, SortOrder order, Func<TRow, T> read)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(read);
        PageBounds.ThrowIfInvalid(page);

        var total = IsKept(transaction)
            ? await transaction.QueryValueAsync<long>(
                "SELECT total FROM list_counts WHERE list = @List AND owner = @Owner", ListName())
            : await transaction.QueryValueAsync<long>(CountSql(), _parameters);
        if (page.Offset >= total)
        {
            return new Page<T>([], total, page);
        }

        var size = Math.Min(page.Size, total - page.Offset);
        var behind = total - page.Offset - size;
        var isNearEnd = behind < page.Offset;
        var direction = isNearEnd ? Reverse(order) : order;
        var rows = await ReadRowsAsync<TRow>(transaction, direction, size, isNearEnd ? behind : page.Offset);
        return new Page<T>([.. (isNearEnd ? rows.Reverse() : rows).Select(read)], total, page);
    }

    /// <summary>How the engine would count and read a page, in its own words, line by line: for tests that no list grows slow.</summary>
    public async Task<IReadOnlyList<string>> ExplainAsync(DatabaseTransaction transaction, PageRequest page, SortOrder order)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        AddPage(page.Size, page.Offset);
        _parameters.Add("FirstAt", 0L);
        _parameters.Add("FirstId", Guid.Empty);
        _parameters.Add("BlockBound", 0L);
        var lines = new List<string>();
        var far = _orderedBy == Age ? new[] { FirstSql(order, isInBlock: false), FirstSql(order, isInBlock: true), PageFromFirstSql(order) } : [];
        foreach (var sql in new[] { CountSql(), PageSql(order) }.Concat(far))
        {
            if (transaction.Engine == DatabaseEngine.Sqlite)
            {
                var rows = await transaction.QueryAsync<PlanRow>($"EXPLAIN QUERY PLAN {sql}", _parameters);
                lines.AddRange(rows.Select(row => row.Detail));
            }
            else
            {
                lines.AddRange(await transaction.QueryAsync<string>($"EXPLAIN {sql}", _parameters));
            }
        }

        return lines;
    }

    private static SortOrder Reverse(SortOrder order) => order is SortOrder.Ascending ? SortOrder.Descending : SortOrder.Ascending;

    private bool IsKept(DatabaseTransaction transaction) => _countedOwner is not null && transaction.Engine == DatabaseEngine.Sqlite;

    private object ListName() => new { List = _table, Owner = _countedOwner };

    private async Task<IReadOnlyList<TRow>> ReadRowsAsync<TRow>(DatabaseTransaction transaction, SortOrder order, long size, long offset)
    {
        if (offset < FarAway || _orderedBy != Age)
        {
            AddPage(size, offset);
            return await transaction.QueryAsync<TRow>(PageSql(order), _parameters);
        }

        var (bound, before) = IsKept(transaction) ? await FindBlockAsync(transaction, order, offset) : default;
        AddPage(size, offset - before);
        _parameters.Add("BlockBound", bound ?? 0);
        if (await transaction.QueryRowAsync<FirstRow>(FirstSql(order, isInBlock: bound is not null), _parameters) is not { } first)
        {
            return [];
        }

        _parameters.Add("FirstAt", first.CreatedAt);
        _parameters.Add("FirstId", first.Id);
        return await transaction.QueryAsync<TRow>(PageFromFirstSql(order), _parameters);
    }

    // The block that holds a row: the created_at at which its rows begin in the order that is read, null where the list does, and how many
    // rows the list has before it. Upwards a block's rows begin at its start, downwards before the start of the next, which the newest has
    // none of. They are summed here: the same as a window takes SQLite three times as long.
    private async Task<(long? Bound, long Before)> FindBlockAsync(DatabaseTransaction transaction, SortOrder order, long offset)
    {
        var blocks = await transaction.QueryAsync<Block>(
            $"SELECT start, total FROM list_blocks WHERE list = @List AND owner = @Owner ORDER BY start {Direction(order)}", ListName());
        long? newer = null;
        var before = 0L;
        foreach (var block in blocks)
        {
            if (offset < before + block.Total)
            {
                return (order == SortOrder.Ascending ? block.Start : newer, before);
            }

            newer = block.Start;
            before += block.Total;
        }

        // The list has no blocks: all of it is passed over.
        return default;
    }

    private void AddPage(long size, long offset)
    {
        _parameters.Add("PageSize", size);
        _parameters.Add("PageOffset", offset);
    }

    private string CountSql() => $"SELECT count(*) FROM {_table}{Filter()}";

    private string PageSql(SortOrder order) =>
        $"SELECT {_columns} FROM {_table}{Filter()} ORDER BY {OrderSql(order)} LIMIT @PageSize OFFSET @PageOffset";

    // It asks for nothing that the index does not hold.
    private string FirstSql(SortOrder order, bool isInBlock)
    {
        var from = $"created_at {(order == SortOrder.Ascending ? ">=" : "<")} @BlockBound";
        return $"SELECT created_at, id FROM {_table}{(isInBlock ? Filter(from) : Filter())} ORDER BY {OrderSql(order)} LIMIT 1 OFFSET @PageOffset";
    }

    private string PageFromFirstSql(SortOrder order)
    {
        var from = $"(created_at, id) {(order == SortOrder.Ascending ? ">=" : "<=")} (@FirstAt, @FirstId)";
        return $"SELECT {_columns} FROM {_table}{Filter(from)} ORDER BY {OrderSql(order)} LIMIT @PageSize";
    }

    private string OrderSql(SortOrder order) => $"{_orderedBy} {Direction(order)}, id {Direction(order)}";

    private static string Direction(SortOrder order) => order == SortOrder.Ascending ? "ASC" : "DESC";

    private string Filter(params string[] more) =>
        _filters.Count + more.Length == 0 ? "" : " WHERE " + string.Join(" AND ", _filters.Concat(more));

    private sealed class Block
    {
        public long Start { get; init; }

        public long Total { get; init; }
    }

    private sealed class FirstRow
    {
        public long CreatedAt { get; init; }

        public Guid Id { get; init; }
    }

    private sealed class PlanRow
    {
        public string Detail { get; init; } = "";
    }
}
