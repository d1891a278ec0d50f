using System.Globalization;
using System.Reflection;
using System.Text;
using System.Xml.Linq;

namespace Roomcast.Client.Tests.Documents;

/// <summary>The reference of the packages: a page for each namespace, from the comments in the code.</summary>
internal static class ReferenceText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Writes all pages.</summary>
    /// <returns>File names and texts.</returns>
    public static IReadOnlyDictionary<string, string> Write(params IReadOnlyList<Assembly> packages)
    {
        var pages = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var contents = new StringBuilder("""
            # Reference of Roomcast.Client

            Every public type of the [client for .NET](../client.md), and of what is a package apart. Written from the comments in the code by
            `ROOMCAST_UPDATE_DOCS=1 ./test Client.Tests`; a test fails where it is not up to date.

            """);
        foreach (var package in packages)
        {
            var comments = DocumentationFile.Of(package);
            foreach (var space in package.GetExportedTypes().GroupBy(type => type.Namespace!, StringComparer.Ordinal).OrderBy(space => space.Key, StringComparer.Ordinal))
            {
                var file = space.Key["Roomcast.Client".Length..].TrimStart('.') is { Length: > 0 } name ? $"{LowerOf(name)}.md" : "client.md";
                var types = space.OrderBy(type => type.Name, StringComparer.Ordinal).ToList();
                var whose = $"Of the package `{package.GetName().Name}`.\n";
                contents.Append(CultureInfo.InvariantCulture, $"\n## [{space.Key}]({file})\n\n{whose}\n");
                var page = new StringBuilder($"# {space.Key}\n\n[All namespaces](README.md)\n\n{whose}");
                foreach (var type in types)
                {
                    contents.Append(CultureInfo.InvariantCulture, $"- [{NameOf(type)}]({file}#{LowerOf(NameOf(type))}): {DocumentationFile.TextOf(comments.Find(type)?.Element("summary"))}\n");
                    WriteType(page, type, comments);
                }

                pages.Add(file, page.ToString()); // A namespace is of one package.
            }
        }

        pages["README.md"] = contents.ToString();
        return pages;
    }

    private static void WriteType(StringBuilder page, Type type, DocumentationFile comments)
    {
        var comment = comments.Find(type);
        page.Append(CultureInfo.InvariantCulture, $"\n## {NameOf(type)}\n\n{PublicApiText.KindOf(type)}{BaseOf(type)}. {DocumentationFile.TextOf(comment?.Element("summary"))}\n");
        if (DocumentationFile.TextOf(comment?.Element("remarks")) is { Length: > 0 } remarks)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n{remarks}\n");
        }

        var members = type.IsEnum
            ? type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (Line: field.Name, Member: (MemberInfo)field))
            : type.GetMembers(Declared).Select(member => (Line: PublicApiText.LineOf(member), Member: member)).Where(each => each.Line is not null)
                .Select(each => (Line: each.Line!, each.Member)).OrderBy(each => each.Member.Name, StringComparer.Ordinal).ThenBy(each => each.Line, StringComparer.Ordinal);
        var rows = members.Select(each => $"| `{each.Line}` | {TextOf(each.Member, comments, comment)} |\n").ToList();
        if (rows.Count > 0)
        {
            page.Append("\n| Member | |\n| --- | --- |\n").AppendJoin("", rows);
        }
    }

    private static string TextOf(MemberInfo member, DocumentationFile comments, XElement? ofType)
    {
        var comment = comments.Find(member);
        var text = new StringBuilder(DocumentationFile.TextOf(comment?.Element("summary")));
        if (text.Length == 0 && member is PropertyInfo)
        {
            // A property of a positional record is told of where the record is.
            text.Append(DocumentationFile.TextOf(ofType?.Elements("param").FirstOrDefault(each => each.Attribute("name")!.Value == member.Name)));
        }

        foreach (var parameter in comment?.Elements("param").Where(each => each.Attribute("name")!.Value != "cancellationToken") ?? [])
        {
            text.Append(CultureInfo.InvariantCulture, $" *{parameter.Attribute("name")!.Value}*: {DocumentationFile.TextOf(parameter)}");
        }

        if (DocumentationFile.TextOf(comment?.Element("returns")) is { Length: > 0 } answer)
        {
            text.Append(CultureInfo.InvariantCulture, $" *Returns*: {answer}");
        }

        if (DocumentationFile.TextOf(comment?.Element("remarks")) is { Length: > 0 } remarks)
        {
            text.Append(CultureInfo.InvariantCulture, $" {remarks}");
        }

        foreach (var thrown in comment?.Elements("exception") ?? [])
        {
            text.Append(CultureInfo.InvariantCulture, $" *Throws* `{thrown.Attribute("cref")!.Value.Split('.')[^1]}`: {DocumentationFile.TextOf(thrown)}");
        }

        return text.ToString();
    }

    private static string BaseOf(Type type) =>
        type is { IsClass: true, BaseType: { } parent } && parent != typeof(object) && !type.IsSubclassOf(typeof(Delegate)) ? $" : `{PublicApiText.NameOf(parent)}`" : "";

    private static string NameOf(Type type) => PublicApiText.NameOf(type).Split('.')[^1];

    private static string LowerOf(string text) => string.Concat(text.Select(char.ToLowerInvariant));
}
