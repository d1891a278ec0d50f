namespace Roomcast.Storage;

/// <summary>Whole days of UTC, of which rows are counted and summed up: the bounds for the query, and one figure for each day, zeros included.</summary>
public sealed class DaySeries
{
    /// <summary>Longest range in days, which bounds the answer.</summary>
    public const int MaxDays = 366;

    /// <summary>What a stored time is divided by to get its day, counted from 1970.</summary>
    public const long DayMs = 86_400_000;

    private static readonly int Epoch = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    private readonly DateOnly _first;
    private readonly DateOnly _last;

    /// <summary>A range of days.</summary>
    /// <param name="first">First day.</param>
    /// <param name="last">Last day, not before the first and less than <see cref="MaxDays"/> days after it.</param>
    public DaySeries(DateOnly first, DateOnly last)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(last.DayNumber - first.DayNumber, MaxDays, nameof(last));
        _first = first;
        _last = last;
    }

    /// <summary>The first moment in the range.</summary>
    public DateTimeOffset From => StartOf(_first);

    /// <summary>The first moment after it.</summary>
    public DateTimeOffset To => _last == DateOnly.MaxValue ? DateTimeOffset.MaxValue : StartOf(_last.AddDays(1));

    /// <summary>Lays rows on the days of the range.</summary>
    /// <param name="rows">What was found; at most one row of a day.</param>
    /// <param name="dayOf">The day of a row, counted from 1970.</param>
    /// <param name="figureOf">Makes the figure of a day; of a day without a row it is given none.</param>
    public IReadOnlyList<TFigure> Fill<TRow, TFigure>(IEnumerable<TRow> rows, Func<TRow, long> dayOf, Func<DateOnly, TRow?, TFigure> figureOf)
        where TRow : class
    {
        ArgumentNullException.ThrowIfNull(figureOf);
        var counted = rows.ToDictionary(row => Epoch + (int)dayOf(row));
        return
        [
            .. Enumerable.Range(_first.DayNumber, _last.DayNumber - _first.DayNumber + 1)
                .Select(number => figureOf(DateOnly.FromDayNumber(number), counted.GetValueOrDefault(number))),
        ];
    }

    private static DateTimeOffset StartOf(DateOnly day) => new(day, TimeOnly.MinValue, TimeSpan.Zero);
}
