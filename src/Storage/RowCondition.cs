namespace Roomcast.Storage;

/// <summary>A condition on rows of one store that the store of what they belong to makes, since it alone knows its columns.</summary>
/// <param name="Sql">The condition; it names its value as <c>@Name</c>.</param>
/// <param name="Name">The value's name.</param>
/// <param name="Value">The value.</param>
public sealed record RowCondition(string Sql, string Name, object Value);
