using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Roomcast.Storage.Migrations;

/// <summary>One step of the schema: a numbered SQL file of this folder, which never changes once it is released.</summary>
/// <remarks>
/// The file is written once for both engines. Where they differ there are words in braces (<c>{uuid}</c>, <c>{time}</c> …), and
/// for whole statements the lines <c>--# sqlite</c>, <c>--# postgres</c> and <c>--# both</c>, each valid up to the next.
/// </remarks>
internal sealed partial class Migration
{
    private static readonly Dictionary<string, (string Sqlite, string Postgres)> Words = new(StringComparer.Ordinal)
    {
        ["uuid"] = ("TEXT", "uuid"),
        ["time"] = ("INTEGER", "bigint"), // Milliseconds of UTC since 1970.
        ["sequence"] = ("INTEGER PRIMARY KEY AUTOINCREMENT", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
        ["long"] = ("INTEGER", "bigint"),
        ["flag"] = ("INTEGER", "boolean"),
        ["false"] = ("0", "FALSE"),
        ["seconds"] = ("REAL", "double precision"),
        ["bytes"] = ("BLOB", "bytea"),
        ["strict"] = ("STRICT", ""),
    };

    private readonly string _text;

    public Migration(int version, string name, string text)
    {
        Version = version;
        Name = name;
        _text = text.ReplaceLineEndings("\n");
        Checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_text)));
    }

    /// <summary>The migrations of this program, 1, 2, 3 … without a gap.</summary>
    public static IReadOnlyList<Migration> All { get; } = ReadAll();

    public int Version { get; }

    public string Name { get; }

    /// <summary>SHA-256 of the file, to notice that an applied migration was edited.</summary>
    public string Checksum { get; }

    /// <summary>The statements for one engine.</summary>
    public string SqlFor(DatabaseEngine engine)
    {
        var sql = new StringBuilder();
        var isWanted = true;
        foreach (var line in _text.Split('\n'))
        {
            if (line.StartsWith("--#", StringComparison.Ordinal))
            {
                isWanted = line[3..].Trim() switch
                {
                    "both" => true,
                    "sqlite" => engine == DatabaseEngine.Sqlite,
                    "postgres" => engine == DatabaseEngine.Postgres,
                    var other => throw new InvalidOperationException($"Migration {Version} has the unknown section '{other}'."),
                };
            }
            else if (isWanted)
            {
                sql.Append(line).Append('\n');
            }
        }

        return Word().Replace(sql.ToString(), match =>
        {
            var word = match.Groups[1].Value;
            return Words.TryGetValue(word, out var forms)
                ? engine == DatabaseEngine.Sqlite ? forms.Sqlite : forms.Postgres
                : throw new InvalidOperationException($"Migration {Version} has the unknown word '{word}'.");
        });
    }

    private static List<Migration> ReadAll()
    {
        var assembly = typeof(Migration).Assembly;
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (FileName().Match(resource) is { Success: true } match)
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
                var version = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
                migrations.Add(new Migration(version, match.Groups[2].Value, reader.ReadToEnd()));
            }
        }

        migrations.Sort((a, b) => a.Version.CompareTo(b.Version));
        for (var i = 0; i < migrations.Count; i++)
        {
            if (migrations[i].Version != i + 1)
            {
                throw new InvalidOperationException($"Migration {i + 1} is missing or doubled.");
            }
        }

        return migrations;
    }

    [GeneratedRegex(@"\{([a-z_]+)\}")]
    private static partial Regex Word();

    [GeneratedRegex(@"\.(\d{4})_([a-z0-9_]+)\.sql$")]
    private static partial Regex FileName();
}
