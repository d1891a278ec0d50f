using Microsoft.Extensions.Options;
using Roomcast.Storage.Engines;

namespace Roomcast.Storage;

/// <summary>Where the server keeps what must survive a restart.</summary>
public sealed class StorageOptions
{
    /// <summary>
    /// The folder for everything the server keeps: the SQLite database, keys, segments. Made when it is missing, readable by
    /// its owner only. Default <c>data</c> in the working folder.
    /// </summary>
    public string DataFolder { get; set; } = "data";

    /// <summary>
    /// The PostgreSQL database, as <c>postgres://user:password@host:port/name?sslmode=require</c> or as a connection string
    /// (<c>Host=…;Database=…</c>). Null or empty, the default, means SQLite in the data folder.
    /// </summary>
    public string? DatabaseUrl { get; set; }

    /// <summary>Most connections to the database that are open at once. 2 to 500; default 20.</summary>
    public int MaxConnections { get; set; } = 20;

    /// <summary>A statement that takes longer than this is logged as slow. 1 ms to 1 min; default 250 ms.</summary>
    public TimeSpan SlowStatement { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Names the folder and the database without its password.</summary>
    public override string ToString() =>
        string.IsNullOrWhiteSpace(DatabaseUrl) ? $"SQLite in {DataFolder}" : $"{PostgresAddress.Redact(DatabaseUrl)}, files in {DataFolder}";
}

/// <summary>Checks <see cref="StorageOptions"/>, naming every fault at once.</summary>
public sealed class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var result = new ValidateOptionsResultBuilder();

        if (string.IsNullOrWhiteSpace(options.DataFolder))
        {
            result.AddError("is empty; give the path of a folder.", nameof(StorageOptions.DataFolder));
        }
        else if (options.DataFolder.Contains('\0', StringComparison.Ordinal))
        {
            result.AddError("contains a NUL character.", nameof(StorageOptions.DataFolder));
        }

        if (!string.IsNullOrWhiteSpace(options.DatabaseUrl)
            && !PostgresAddress.TryParse(options.DatabaseUrl, out _, out var fault))
        {
            result.AddError(fault, nameof(StorageOptions.DatabaseUrl));
        }

        if (options.MaxConnections is < 2 or > 500)
        {
            result.AddError($"{options.MaxConnections} is outside 2 to 500.", nameof(StorageOptions.MaxConnections));
        }

        if (options.SlowStatement < TimeSpan.FromMilliseconds(1) || options.SlowStatement > TimeSpan.FromMinutes(1))
        {
            result.AddError($"{options.SlowStatement} is outside 1 ms to 1 min.", nameof(StorageOptions.SlowStatement));
        }

        return result.Build();
    }
}
