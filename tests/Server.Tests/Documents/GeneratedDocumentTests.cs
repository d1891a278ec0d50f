using System.Text.Json.Nodes;
using Roomcast.Server.Configuration;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Documents;

/// <summary>What the program writes into documents is what stands in them. ROOMCAST_UPDATE_DOCS=1 writes it anew.</summary>
public class GeneratedDocumentTests
{
    private const string Begin = "<!-- settings -->\n";
    private const string End = "<!-- /settings -->";
    private const string Remedy = "is not what the program says: run ROOMCAST_UPDATE_DOCS=1 ./test Server.Tests and look at the change.";

    private static bool IsUpdate => Environment.GetEnvironmentVariable("ROOMCAST_UPDATE_DOCS") == "1";

    [Fact]
    public void The_schema_of_the_settings_file_is_current() =>
        Check(RepositoryFiles.PathOf("docs", "roomcast.schema.json"), _ => SettingsText.Schema(ServerSettings.Registry));

    [Fact]
    public void The_table_of_settings_in_the_readme_is_current() =>
        Check(RepositoryFiles.PathOf("README.md"), readme =>
        {
            var begin = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
            var end = readme.IndexOf(End, StringComparison.Ordinal);
            Assert.True(begin >= Begin.Length && end >= begin, "The README has no place for the settings.");
            return readme[..begin] + SettingsText.Markdown(ServerSettings.Registry) + "\n" + readme[end..];
        });

    [Fact]
    public void The_schema_allows_each_default_and_names_each_key()
    {
        var properties = JsonNode.Parse(SettingsText.Schema(ServerSettings.Registry))!["properties"]!.AsObject();
        foreach (var setting in ServerSettings.Registry.All.Where(setting => setting.IsAllowedInFile))
        {
            var schema = properties[setting.Key]!.AsObject();
            Assert.Contains(setting.Meaning, schema["description"]!.GetValue<string>(), StringComparison.Ordinal);
            if (schema["pattern"] is { } pattern && schema["default"] is { } value)
            {
                Assert.Matches(pattern.GetValue<string>(), value.GetValue<string>());
            }
        }
    }

    private static void Check(string path, Func<string, string> write)
    {
        var present = File.Exists(path) ? File.ReadAllText(path) : "";
        var wanted = write(present);
        if (IsUpdate)
        {
            File.WriteAllText(path, wanted);
        }
        else
        {
            Assert.True(present == wanted, $"{Path.GetFileName(path)} {Remedy}");
        }
    }
}
