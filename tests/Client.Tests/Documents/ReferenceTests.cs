using System.Reflection;
using Roomcast.Client.Codecs;
using Roomcast.Client.Tests.Rest;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Documents;

/// <summary>The reference says what the code says.</summary>
public class ReferenceTests
{
    private static readonly Assembly[] Packages = [typeof(RealtimeKitClient).Assembly, typeof(DecodingSink).Assembly];
    private static readonly string Folder = RepositoryFiles.PathOf("docs", "reference");

    [Fact]
    public async Task The_reference_is_up_to_date()
    {
        var pages = new Dictionary<string, string>(ReferenceText.Write(Packages), StringComparer.Ordinal) { ["routes.md"] = await RoutesAsync() };
        if (Environment.GetEnvironmentVariable("ROOMCAST_UPDATE_DOCS") == "1")
        {
            Directory.CreateDirectory(Folder);
            foreach (var stale in Directory.GetFiles(Folder).Where(file => !pages.ContainsKey(Path.GetFileName(file))))
            {
                File.Delete(stale);
            }

            foreach (var (name, text) in pages)
            {
                await File.WriteAllTextAsync(Path.Combine(Folder, name), text);
            }
        }

        Assert.Equal(pages.Keys.Order(StringComparer.Ordinal), Directory.GetFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var (name, text) in pages)
        {
            Assert.True(
                (await File.ReadAllTextAsync(Path.Combine(Folder, name))).ReplaceLineEndings("\n") == text,
                $"docs/reference/{name} is not what the code says. Write it anew with ROOMCAST_UPDATE_DOCS=1.");
        }
    }

    [Fact]
    public void Every_public_member_has_a_comment_that_the_reference_finds()
    {
        foreach (var package in Packages)
        {
            var comments = DocumentationFile.Of(package);
            var members = package.GetExportedTypes()
                .SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                    .Where(member => type.IsEnum ? member is FieldInfo { IsStatic: true } : PublicApiText.LineOf(member) is not null && !IsOfARecord(member))
                    .Prepend((MemberInfo)type))
                .Where(member => member is not Type { IsNested: true })
                .ToList();

            Assert.NotEmpty(members);
            Assert.Empty(members.Where(member => comments.Find(member) is null).Select(DocumentationFile.IdOf));
        }
    }

    [Fact]
    public async Task The_README_has_the_example_of_the_package_which_a_test_runs()
    {
        const string Begin = "```csharp\n";
        var package = await File.ReadAllTextAsync(RepositoryFiles.PathOf("src", "Client", "README.md"));
        var start = package.IndexOf(Begin, StringComparison.Ordinal);
        var example = package[start..(package.IndexOf("\n```\n", start, StringComparison.Ordinal) + 5)];

        var readme = await File.ReadAllTextAsync(RepositoryFiles.PathOf("README.md"));
        Assert.Contains(example, readme, StringComparison.Ordinal);
        Assert.Equal(1, readme.Split(Begin).Length - 1);
    }

    // What the compiler makes of a positional record: its constructors and properties are told of where the record is.
    private static bool IsOfARecord(MemberInfo member) =>
        member.DeclaringType!.GetMethod("<Clone>$") is not null && member is ConstructorInfo or PropertyInfo;

    private static async Task<string> RoutesAsync() =>
        "# Routes of the REST API\n\n[All namespaces](README.md)\n\nWhat of `RealtimeKitApi` calls which route; `{}` stands for an id.\n\n| Route | Method |\n| --- | --- |\n"
        + string.Concat((await RouteBook.OfAsync()).OrderBy(each => each.Route.Split(' ')[1], StringComparer.Ordinal).ThenBy(each => each.Route, StringComparer.Ordinal)
            .ThenBy(each => each.Method, StringComparer.Ordinal).Select(each => $"| `{each.Route}` | `{each.Method}` |\n"));
}
