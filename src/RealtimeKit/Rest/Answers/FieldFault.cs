namespace Roomcast.RealtimeKit.Rest.Answers;

/// <summary>What is wrong with one field of a request.</summary>
/// <param name="Message">For a person; it never repeats a secret.</param>
/// <param name="Pointer">Where in the body, as a JSON pointer (RFC 6901); null for a query parameter.</param>
/// <param name="Parameter">Which query parameter; null for a body field.</param>
internal readonly record struct FieldFault(string Message, string? Pointer, string? Parameter)
{
    public static FieldFault InBody(string pointer, string message) => new(message, pointer, null);

    public static FieldFault InQuery(string parameter, string message) => new(message, null, parameter);
}
