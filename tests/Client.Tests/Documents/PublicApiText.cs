using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Roomcast.Client.Tests.Documents;

/// <summary>The public surface of the package, one member in a line with what of it may be null, so that a change of it shows.</summary>
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
        MethodInfo method => $"{NameOf(Nullability.Create(method.ReturnParameter))} {method.Name}({Parameters(method)})",
        ConstructorInfo { IsPublic: true } constructor => $"new({Parameters(constructor)})",
        PropertyInfo { Name: "EqualityContract" } => null,
        PropertyInfo property => $"{(property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "")}{NameOf(Nullability.Create(property))} {property.Name} {{{(property.GetMethod is { IsPublic: true } ? " get;" : "")}{Setter(property)} }}",
        EventInfo happening => $"event {NameOf(Nullability.Create(happening)).TrimEnd('?')} {happening.Name}",
        FieldInfo field => $"const {NameOf(Nullability.Create(field))} {field.Name}",
        _ => null,
    };

    // Not thread-safe, and asked by tests that run beside each other.
    private static NullabilityInfoContext Nullability => new();

    private static string Setter(PropertyInfo property) => property.SetMethod is { IsPublic: true } setter
        ? setter.ReturnParameter.GetRequiredCustomModifiers().Length > 0 ? " init;" : " set;"
        : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{(parameter.IsOut ? "out " : "")}{NameOf(Nullability.Create(parameter))} {parameter.Name}{(parameter.HasDefaultValue ? $" = {DefaultOf(parameter)}" : "")}"));

    private static string DefaultOf(ParameterInfo parameter) => parameter.DefaultValue switch
    {
        null => parameter.ParameterType.IsValueType && Nullable.GetUnderlyingType(parameter.ParameterType) is null ? "default" : "null",
        bool flag => flag ? "true" : "false",
        string text => $"\"{text}\"",
        var value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>A type without a word on what may be null.</summary>
    internal static string NameOf(Type type) => NameOf(type, type.GetGenericArguments().Select(NameOf));

    private static string NameOf(NullabilityInfo info)
    {
        var type = info.Type;
        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return (info.GenericTypeArguments is [var inner] ? NameOf(inner) : NameOf(value)) + "?";
        }

        var name = info.ElementType is { } element ? NameOf(element) + "[]"
            : type.IsByRef ? NameOf(type.GetElementType()!)
            : NameOf(type, info.GenericTypeArguments.Select(NameOf));
        return !type.IsValueType && info.ReadState is NullabilityState.Nullable ? name + "?" : name;
    }

    private static string NameOf(Type type, IEnumerable<string> arguments)
    {
        if (type.IsByRef)
        {
            return NameOf(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return NameOf(type.GetElementType()!) + "[]";
        }

        var name = type.Namespace?.StartsWith("Roomcast.Client", StringComparison.Ordinal) == true && !type.IsGenericType ? type.FullName!["Roomcast.Client.".Length..] : type.Name;
        return type.IsGenericType ? $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", arguments)}>" : name;
    }
}
