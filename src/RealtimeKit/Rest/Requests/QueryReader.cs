using System.Globalization;
using Microsoft.AspNetCore.Http;
using Roomcast.RealtimeKit.Rest.Answers;
using Roomcast.Storage;

namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>Reads a query string and remembers every parameter that is wrong, so that one refusal names them all.</summary>
/// <remarks>Parameters that nobody asks for are ignored: older and newer clients send different sets.</remarks>
internal sealed class QueryReader(IQueryCollection query)
{
    private const int DefaultPageSize = 20;
    private const int MaxPageSize = 100;

    // The 366 days that the day-wise figures are kept to.
    private static readonly TimeSpan LongestAnalyticsRange = TimeSpan.FromDays(366);
    private static readonly TimeSpan DefaultAnalyticsRange = TimeSpan.FromDays(30);

    private readonly List<FieldFault> _faults = [];

    /// <summary>The refusal, once every parameter has been read; null when all are right.</summary>
    public KitAnswer? Refusal => _faults.Count > 0 ? KitAnswer.Refuse(_faults) : null;

    /// <summary>Reads <c>page_no</c> and <c>per_page</c>. 0 means the default; more than 100 rows are cut to 100.</summary>
    public PageRequest ReadPage()
    {
        var number = ReadCount("page_no") ?? 1;
        var size = ReadCount("per_page") ?? DefaultPageSize;
        return new PageRequest(number, Math.Min(size, MaxPageSize));
    }

    /// <summary>Reads <c>sort_order</c>: newest first unless <c>ASC</c>. Descending is spelled <c>DESC</c> or <c>DSC</c>.</summary>
    public SortOrder ReadSortOrder()
    {
        switch (ReadSingle("sort_order")?.ToUpperInvariant())
        {
            case null or "DESC" or "DSC":
                return SortOrder.Descending;
            case "ASC":
                return SortOrder.Ascending;
            default:
                Fault("sort_order", "must be ASC, DESC or DSC");
                return SortOrder.Descending;
        }
    }

    /// <summary>Reads <c>true</c> or <c>false</c>; false when it is not given.</summary>
    public bool ReadFlag(string parameter)
    {
        if (ReadSingle(parameter) is not { } text)
        {
            return false;
        }

        if (text.Equals("true", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        if (!text.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            Fault(parameter, "must be true or false");
        }

        return false;
    }

    /// <summary>Reads one of several words, whatever its case; null when it is not given.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="words">The words, as they are documented.</param>
    public T? ReadWord<T>(string parameter, IReadOnlyDictionary<string, T> words)
        where T : struct
    {
        if (ReadSingle(parameter) is not { } text)
        {
            return null;
        }

        if (Find(words, text) is { } value)
        {
            return value;
        }

        Fault(parameter, $"must be one of {string.Join(", ", words.Keys.Order(StringComparer.Ordinal))}");
        return null;
    }

    /// <summary>Reads <c>true</c> or <c>false</c>; null when it is not given.</summary>
    public bool? ReadOptionalFlag(string parameter) => ReadSingle(parameter) is null ? null : ReadFlag(parameter);

    /// <summary>Reads several words, whatever their case: the parameter given more than once, or one list with commas.</summary>
    public IReadOnlyCollection<T> ReadWords<T>(string parameter, IReadOnlyDictionary<string, T> words)
        where T : struct
    {
        var found = new HashSet<T>();
        foreach (var text in query[parameter].SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
        {
            if (Find(words, text) is { } value)
            {
                found.Add(value);
            }
            else if (_faults.Count < MaxPageSize)
            {
                Fault(parameter, $"must be of {string.Join(", ", words.Keys.Order(StringComparer.Ordinal))}");
            }
        }

        return found;
    }

    /// <summary>Reads free text to search for; null when it is not given or blank.</summary>
    public string? ReadSearch(string parameter)
    {
        if (ReadSingle(parameter)?.Trim() is not { Length: > 0 } text)
        {
            return null;
        }

        if (!WireText.IsStorable(text))
        {
            Fault(parameter, "must be well-formed text without NUL characters");
            return null;
        }

        return text;
    }

    /// <summary>
    /// Reads <c>start_time</c> and <c>end_time</c> in ISO 8601, both included to the millisecond; a date alone means its
    /// whole day.
    /// </summary>
    public TimeRange ReadTimeRange()
    {
        var start = ReadMoment("start_time", acceptsUnixSeconds: false);
        var end = ReadMoment("end_time", acceptsUnixSeconds: false);
        var to = end?.EndOf(TimeSpan.FromMilliseconds(1));
        if (start?.At >= to)
        {
            Fault("end_time", "lies before start_time");
        }

        return new TimeRange(start?.At, to);
    }

    /// <summary>
    /// Reads <c>start_time</c> and <c>end_time</c> of the livestream analytics: ISO 8601 or Unix seconds. The end is not in the
    /// range, unless it is a date alone. Default: from midnight (UTC) 30 days before the end until now.
    /// </summary>
    public (DateTimeOffset From, DateTimeOffset To) ReadAnalyticsRange(DateTimeOffset now, bool isBounded)
    {
        var start = ReadMoment("start_time", acceptsUnixSeconds: true);
        var end = ReadMoment("end_time", acceptsUnixSeconds: true);
        var to = end?.EndOf(TimeSpan.Zero) ?? now;
        var from = start?.At ?? MidnightBefore(to);
        if (from > to || (from == to && end is { IsWholeDay: true }))
        {
            Fault(end is null ? "start_time" : "end_time", end is null ? "lies in the future" : "lies before start_time");
        }
        else if (isBounded && to - from > LongestAnalyticsRange)
        {
            Fault("end_time", "lies more than 366 days after start_time");
        }

        // A range of no length still belongs to a day.
        return (from, to == from ? to.After(TimeSpan.FromMilliseconds(1)) : to);
    }

    /// <summary>
    /// Reads <c>start_date</c> and <c>end_date</c>, both included: <c>YYYY-MM-DD</c>, or a time in ISO 8601 or in Unix seconds,
    /// which stands for its UTC day. Default: from 30 days before the end until today.
    /// </summary>
    public (DateOnly First, DateOnly Last) ReadDayRange(DateTimeOffset now)
    {
        var first = ReadMoment("start_date", acceptsUnixSeconds: true);
        var last = ReadMoment("end_date", acceptsUnixSeconds: true);
        var to = DateOnly.FromDateTime((last?.At ?? now).UtcDateTime);
        var from = first is { } start
            ? DateOnly.FromDateTime(start.At.UtcDateTime)
            : DateOnly.FromDayNumber(Math.Max(0, to.DayNumber - DefaultAnalyticsRange.Days));
        if (from > to)
        {
            Fault(last is null ? "start_date" : "end_date", last is null ? "lies in the future" : "lies before start_date");
            return (to, to);
        }

        if (to.DayNumber - from.DayNumber >= LongestAnalyticsRange.Days)
        {
            Fault("end_date", "must be within 366 days from start_date");
            return (to, to);
        }

        return (from, to);
    }

    private static T? Find<T>(IReadOnlyDictionary<string, T> words, string text)
        where T : struct
    {
        foreach (var (word, value) in words)
        {
            if (word.Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return null;
    }

    private static DateTimeOffset MidnightBefore(DateTimeOffset end)
    {
        var at = end - DateTimeOffset.MinValue > DefaultAnalyticsRange ? end - DefaultAnalyticsRange : DateTimeOffset.MinValue;
        return new DateTimeOffset(at.UtcDateTime.Date, TimeSpan.Zero);
    }

    private Moment? ReadMoment(string parameter, bool acceptsUnixSeconds)
    {
        if (ReadSingle(parameter) is not { } text)
        {
            return null;
        }

        if (acceptsUnixSeconds && Timestamps.TryReadUnixSeconds(text, out var seconds))
        {
            return new Moment(seconds, IsWholeDay: false);
        }

        if (Timestamps.TryReadIso(text, out var at, out var isWholeDay))
        {
            return new Moment(at, isWholeDay);
        }

        Fault(parameter, acceptsUnixSeconds ? "must be a time in ISO 8601 or in Unix seconds" : "must be a time in ISO 8601");
        return null;
    }

    // A whole number of one or more; null for 0 and for none, which both mean the default. A number that no list reaches is
    // cut, not refused.
    private int? ReadCount(string parameter)
    {
        if (ReadSingle(parameter) is not { } text)
        {
            return null;
        }

        if (text.Length == 0 || !text.All(char.IsAsciiDigit))
        {
            Fault(parameter, "must be a whole number, 0 or more");
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count == 0 ? null : count
            : int.MaxValue;
    }

    private string? ReadSingle(string parameter)
    {
        var values = query[parameter];
        if (values.Count > 1)
        {
            Fault(parameter, "is given more than once");
            return null;
        }

        return values.Count == 0 ? null : values[0] ?? "";
    }

    private void Fault(string parameter, string message) => _faults.Add(FieldFault.InQuery(parameter, $"{parameter} {message}"));

    private readonly record struct Moment(DateTimeOffset At, bool IsWholeDay)
    {
        public DateTimeOffset EndOf(TimeSpan step) => At.After(IsWholeDay ? TimeSpan.FromDays(1) : step);
    }
}
