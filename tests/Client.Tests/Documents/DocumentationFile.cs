using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Roomcast.Client.Tests.Documents;

/// <summary>What the compiler has written down of the comments on an assembly's members.</summary>
internal sealed partial class DocumentationFile
{
    private readonly Dictionary<string, XElement> _members;

    private DocumentationFile(XDocument file) =>
        _members = file.Root!.Element("members")!.Elements("member").ToDictionary(member => member.Attribute("name")!.Value, StringComparer.Ordinal);

    /// <summary>Reads the file beside an assembly.</summary>
    public static DocumentationFile Of(Assembly assembly) => new(XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")));

    /// <summary>The comment on a type or member, the one it inherits where it says so; null when there is none.</summary>
    public XElement? Find(MemberInfo member)
    {
        if (!_members.TryGetValue(IdOf(member), out var found))
        {
            return null;
        }

        if (found.Element("inheritdoc") is not { } inherited)
        {
            return found;
        }

        return inherited.Attribute("cref") is { } named
            ? _members.GetValueOrDefault(named.Value)
            : member.DeclaringType?.GetInterfaces().Select(each => each.GetMember(member.Name).FirstOrDefault()).OfType<MemberInfo>().Select(Find).FirstOrDefault(each => each is not null) ?? found;
    }

    /// <summary>A part of a comment as one line of Markdown; empty when it is not there.</summary>
    public static string TextOf(XElement? part)
    {
        if (part is null)
        {
            return "";
        }

        var text = new StringBuilder();
        foreach (var node in part.Nodes())
        {
            text.Append(node switch
            {
                XText plain => plain.Value.Replace("<", "&lt;", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal),
                XElement { Name.LocalName: "see" } see => $"`{NameIn(see)}`",
                XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
                XElement { Name.LocalName: "paramref" } parameter => $"`{parameter.Attribute("name")!.Value}`",
                XElement other => TextOf(other),
                _ => "",
            });
        }

        return Blanks().Replace(text.ToString(), " ").Trim();
    }

    /// <summary>The id that the compiler gives a member.</summary>
    /// <remarks>Source: C# language specification, annex D.4.2.</remarks>
    internal static string IdOf(MemberInfo member) => member switch
    {
        Type type => "T:" + NameOf(type),
        MethodBase method => $"M:{NameOf(method.DeclaringType!)}.{(method.IsConstructor ? "#ctor" : method.Name)}{GenericsOf(method)}{ParametersOf(method)}",
        PropertyInfo property => $"P:{NameOf(property.DeclaringType!)}.{property.Name}",
        EventInfo happening => $"E:{NameOf(happening.DeclaringType!)}.{happening.Name}",
        _ => $"F:{NameOf(member.DeclaringType!)}.{member.Name}",
    };

    private static string NameIn(XElement see)
    {
        var name = see.Attribute("cref")?.Value ?? see.Attribute("langword")?.Value ?? "";
        name = name.Split('(')[0];
        var parts = (name.Contains(':', StringComparison.Ordinal) ? name[2..] : name).Split('.');
        return name.StartsWith("T:", StringComparison.Ordinal) || parts.Length < 2 ? parts[^1] : $"{parts[^2]}.{parts[^1]}";
    }

    private static string NameOf(Type type) => type.FullName!.Replace('+', '.');

    private static string GenericsOf(MethodBase method) => method.IsGenericMethod ? $"``{method.GetGenericArguments().Length}" : "";

    private static string ParametersOf(MethodBase method) =>
        method.GetParameters() is { Length: > 0 } parameters ? $"({string.Join(',', parameters.Select(parameter => ReferenceTo(parameter.ParameterType)))})" : "";

    private static string ReferenceTo(Type type)
    {
        if (type.IsByRef)
        {
            return ReferenceTo(type.GetElementType()!) + "@";
        }

        if (type.IsArray)
        {
            return ReferenceTo(type.GetElementType()!) + "[]";
        }

        if (type.IsGenericParameter)
        {
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        }

        if (!type.IsGenericType)
        {
            return NameOf(type);
        }

        var name = NameOf(type.GetGenericTypeDefinition());
        return $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}{{{string.Join(',', type.GetGenericArguments().Select(ReferenceTo))}}}";
    }

    [GeneratedRegex("\\s+")]
    private static partial Regex Blanks();
}
