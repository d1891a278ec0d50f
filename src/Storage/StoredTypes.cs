using System.Data;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Roomcast.Storage;

/// <summary>How our types are kept where the two engines differ: UUIDs as uuid or text, times as whole milliseconds of UTC since 1970.</summary>
internal static class StoredTypes
{
    private static readonly Lazy<bool> Registered = new(static () =>
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        foreach (var type in new[] { typeof(Guid), typeof(Guid?), typeof(DateTimeOffset), typeof(DateTimeOffset?) })
        {
            SqlMapper.RemoveTypeMap(type); // The mapper's own way would go before the handlers.
        }

        SqlMapper.AddTypeHandler(new UuidHandler());
        SqlMapper.AddTypeHandler(new TimeHandler());
        return true;
    });

    /// <summary>Tells the mapper, once for the process.</summary>
    public static void Register() => _ = Registered.Value;

    private sealed class UuidHandler : SqlMapper.TypeHandler<Guid>
    {
        public override void SetValue(IDbDataParameter parameter, Guid value) =>
            parameter.Value = parameter is SqliteParameter ? value.ToString("D") : value;

        public override Guid Parse(object value) => value is Guid uuid ? uuid : Guid.ParseExact((string)value, "D");
    }

    private sealed class TimeHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value)
        {
            parameter.DbType = DbType.Int64;
            parameter.Value = value.ToUnixTimeMilliseconds();
        }

        public override DateTimeOffset Parse(object value) => DateTimeOffset.FromUnixTimeMilliseconds((long)value);
    }
}
