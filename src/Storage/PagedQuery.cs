using Dapper;

namespace Roomcast.Storage;

/// <summary>A list read page by page: the rows in a stable order, and how many there are on all pages.</summary>
/// <remarks>
/// The order is by age and, among rows of the same millisecond, by id, so that no row is on two pages or on none. The filters
/// are conjoined; the columns ordered by must be called <c>created_at</c> and <c>id</c>, and an index must lead to them.
/// </remarks>
public sealed class PagedQuery
{
    private readonly string _columns;
    private readonly string _table;
    private readonly List<string> _filters = [];
    private readonly DynamicParameters _parameters = new();
    private string? _countedOwner;
    private string _orderedBy = "created_at";

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
    /// Says that the length of this list is kept in <c>list_counts</c>, under the table's name, where the engine keeps one; for
    /// a list without other filters than its owner's. Triggers keep it.
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

        var total = _countedOwner is not null && transaction.Engine == DatabaseEngine.Sqlite
            ? await transaction.QueryValueAsync<long>(
                "SELECT total FROM list_counts WHERE list = @List AND owner = @Owner", new { List = _table, Owner = _countedOwner })
            : await transaction.QueryValueAsync<long>(CountSql(), _parameters);
        if (page.Offset >= total)
        {
            return new Page<T>([], total, page);
        }

        AddPage(page);
        var rows = await transaction.QueryAsync<TRow>(PageSql(order), _parameters);
        return new Page<T>([.. rows.Select(read)], total, page);
    }

    /// <summary>How the engine would count and read a page, in its own words, line by line: for tests that no list grows slow.</summary>
    public async Task<IReadOnlyList<string>> ExplainAsync(DatabaseTransaction transaction, PageRequest page, SortOrder order)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        AddPage(page);
        var lines = new List<string>();
        foreach (var sql in new[] { CountSql(), PageSql(order) })
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

    private void AddPage(PageRequest page)
    {
        _parameters.Add("PageSize", page.Size);
        _parameters.Add("PageOffset", page.Offset);
    }

    private string CountSql() => $"SELECT count(*) FROM {_table}{Filter()}";

    private string PageSql(SortOrder order)
    {
        var direction = order == SortOrder.Ascending ? "ASC" : "DESC";
        return $"SELECT {_columns} FROM {_table}{Filter()} ORDER BY {_orderedBy} {direction}, id {direction} LIMIT @PageSize OFFSET @PageOffset";
    }

    private string Filter() => _filters.Count == 0 ? "" : " WHERE " + string.Join(" AND ", _filters);

    private sealed class PlanRow
    {
        public string Detail { get; init; } = "";
    }
}
