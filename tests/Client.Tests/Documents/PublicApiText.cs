using System.Reflection;
using System.Text;

namespace Roomcast.Client.Tests.Documents;

/// <summary>The public surface of the package, one member in a line, so that a change of it shows.</summary>
internal static class PublicApiText
{
    public static string Write(Assembly assembly)
    {
        var lines = new List<string>();
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            lines.Add($"{KindOf(type)} {NameOf(type)}");
            var members = type.IsEnum
                ? type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.Name)
                : type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).Select(LineOf).OfType<string>().Order(StringComparer.Ordinal);
            lines.AddRange(members.Select(member => $"    {member}"));
        }

        return string.Join('\n', lines) + "\n";
    }

    internal static string KindOf(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        _ => "class",
    };

    internal static string? LineOf(MemberInfo member) => member switch
    {
        // What the compiler makes of records says nothing of its own.
        MethodInfo { IsSpecialName: true } or MethodInfo { Name: "Equals" or "GetHashCode" or "ToString" or "Deconstruct" or "<Clone>$" or "PrintMembers" } => null,
        MethodInfo method => $"{NameOf(method.ReturnType)} {method.Name}({Parameters(method)})",
        ConstructorInfo { IsPublic: true } constructor => $"new({Parameters(constructor)})",
        PropertyInfo { Name: "EqualityContract" } => null,
        PropertyInfo property => $"{NameOf(property.PropertyType)} {property.Name} {{{(property.GetMethod is { IsPublic: true } ? " get;" : "")}{Setter(property)} }}",
        EventInfo happening => $"event {NameOf(happening.EventHandlerType!)} {happening.Name}",
        FieldInfo field => $"const {NameOf(field.FieldType)} {field.Name}",
        _ => null,
    };

    private static string Setter(PropertyInfo property) => property.SetMethod is { IsPublic: true } setter
        ? setter.ReturnParameter.GetRequiredCustomModifiers().Length > 0 ? " init;" : " set;"
        : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{NameOf(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? "?" : "")}"));

    internal static string NameOf(Type type)
    {
        if (type.IsByRef)
        {
            return "ref " + NameOf(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return NameOf(type.GetElementType()!) + "[]";
        }

        var name = type.Namespace?.StartsWith("Roomcast.Client", StringComparison.Ordinal) == true && !type.IsGenericType ? type.FullName!["Roomcast.Client.".Length..] : type.Name;
        if (!type.IsGenericType)
        {
            return name;
        }

        var text = new StringBuilder(name[..name.IndexOf('`', StringComparison.Ordinal)]).Append('<');
        return text.AppendJoin(", ", type.GetGenericArguments().Select(NameOf)).Append('>').ToString();
    }
}
