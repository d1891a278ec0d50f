using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Npgsql;

namespace Roomcast.Storage.Engines;

/// <summary>Reads the address of a PostgreSQL database as operators write it.</summary>
internal static class PostgresAddress
{
    /// <summary>Reads <c>postgres://user:password@host:port/database?parameter=value</c> or a connection string of the driver.</summary>
    /// <param name="text">As written.</param>
    /// <param name="address">The driver's form of it.</param>
    /// <param name="fault">What is wrong with it, without secrets.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out NpgsqlConnectionStringBuilder? address, out string fault)
    {
        address = null;
        text = text.Trim();
        try
        {
            address = IsUrl(text) ? FromUrl(text, out fault) : FromConnectionString(text, out fault);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException)
        {
            // The driver's message may quote the value, and with it a password.
            fault = "is not a PostgreSQL address. Write postgres://user:password@host:5432/database, or Host=…;Database=….";
        }

        return address is not null;
    }

    /// <summary>The address without its password, for logs.</summary>
    public static string Redact(string text) =>
        TryParse(text, out var address, out _) ? Describe(address) : "a PostgreSQL address that cannot be read";

    /// <summary>Names the server and the database.</summary>
    public static string Describe(NpgsqlConnectionStringBuilder address) =>
        string.Create(CultureInfo.InvariantCulture, $"PostgreSQL database {address.Database} on {address.Host}:{address.Port}");

    private static bool IsUrl(string text) =>
        text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase)
        || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    private static NpgsqlConnectionStringBuilder? FromConnectionString(string text, out string fault)
    {
        var address = new NpgsqlConnectionStringBuilder(text);
        fault = address switch
        {
            { Host: null or "" } => "names no host. Write postgres://user:password@host:5432/database, or Host=…;Database=….",
            { Database: null or "" } => "names no database.",
            _ => "",
        };
        return fault.Length == 0 ? address : null;
    }

    private static NpgsqlConnectionStringBuilder? FromUrl(string text, out string fault)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            fault = "is not a valid URL. Percent-encode special characters of the password, for example @ as %40.";
            return null;
        }

        var database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/'));
        var credentials = url.UserInfo.Split(':', 2);
        var address = new NpgsqlConnectionStringBuilder
        {
            Host = url.Host.Trim('[', ']'),
            Port = url.Port > 0 ? url.Port : NpgsqlConnection.DefaultPort,
            Username = credentials[0].Length > 0 ? Uri.UnescapeDataString(credentials[0]) : null,
            Password = credentials.Length > 1 ? Uri.UnescapeDataString(credentials[1]) : null,
            Database = database,
        };

        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var key = Uri.UnescapeDataString(parts[0]);
            var value = parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "";
            if (!TrySetParameter(address, key, value))
            {
                fault = $"has the parameter '{key}', which is not known or has a value that is not allowed.";
                return null;
            }
        }

        fault = address switch
        {
            { Host: null or "" } => "names no host.",
            { Database: null or "" } => "names no database: end it with /name.",
            _ => "",
        };
        return fault.Length == 0 ? address : null;
    }

    /// <summary>libpq's names, which every PostgreSQL URL uses.</summary>
    private static bool TrySetParameter(NpgsqlConnectionStringBuilder address, string key, string value)
    {
        switch (key)
        {
            case "sslmode" when Enum.TryParse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var mode)
                && Enum.IsDefined(mode):
                address.SslMode = mode;
                return true;
            case "sslrootcert":
                address.RootCertificate = value;
                return true;
            case "sslcert":
                address.SslCertificate = value;
                return true;
            case "sslkey":
                address.SslKey = value;
                return true;
            case "application_name":
                address.ApplicationName = value;
                return true;
            case "options":
                address.Options = value;
                return true;
            case "host": // A folder of Unix sockets has no place before the path of a URL.
                address.Host = value;
                return true;
            case "connect_timeout" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds):
                address.Timeout = seconds;
                return true;
            default:
                return false;
        }
    }
}
