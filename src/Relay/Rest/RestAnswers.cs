using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Roomcast.Relay.Rest;

/// <summary>The forms of answers.</summary>
internal static class RestAnswers
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Something there is.</summary>
    public static IResult Found(JsonNode body, int status = StatusCodes.Status200OK) =>
        Results.Text(body.ToJsonString(Plain), "application/json", Encoding.UTF8, status);

    /// <summary>A refusal without details.</summary>
    public static IResult Error(int status, string message) => Found(new JsonObject { ["error"] = message }, status);

    /// <summary>Nothing of this id, or nothing that the caller may know of.</summary>
    public static IResult NotFound() => Error(StatusCodes.Status404NotFound, "Not Found");

    /// <summary>A parameter that cannot be taken.</summary>
    /// <param name="attribute">Which.</param>
    /// <param name="message">Why, for a person.</param>
    /// <param name="code">Why, for a program.</param>
    public static IResult Invalid(string attribute, string message, string code = "invalid_parameter") => Found(
        new JsonObject
        {
            ["errors"] = new JsonArray(new JsonObject
            {
                ["type"] = "validation_error", ["code"] = code, ["message"] = message, ["attribute"] = attribute,
            }),
        },
        StatusCodes.Status422UnprocessableEntity);

    /// <summary>A list, or a page of one.</summary>
    /// <param name="http">The request.</param>
    /// <param name="items">What is on the page.</param>
    /// <param name="page">The page, from 0.</param>
    /// <param name="hasMore">Whether there is a page after it.</param>
    public static IResult List(HttpContext http, IEnumerable<JsonObject> items, int page = 0, bool hasMore = false)
    {
        var links = new JsonObject { ["self"] = LinkTo(page), ["first"] = LinkTo(0) };
        if (hasMore)
        {
            links["next"] = LinkTo(page + 1);
        }

        if (page > 0)
        {
            links["prev"] = LinkTo(page - 1);
        }

        return Found(new JsonObject { ["links"] = links, ["data"] = new JsonArray([.. items]) });

        string LinkTo(int number)
        {
            var query = http.Request.Query.Where(static each => each.Key != "page_number")
                .SelectMany(static each => each.Value.Select(value => new KeyValuePair<string, string?>(each.Key, value)))
                .Append(new("page_number", number.ToString(CultureInfo.InvariantCulture)));
            return QueryHelpers.AddQueryString($"{http.Request.Scheme}://{http.Request.Host}{http.Request.PathBase}{http.Request.Path}", query);
        }
    }

    /// <summary>A time in RFC 3339; null for none.</summary>
    public static JsonNode? Time(DateTimeOffset? at) =>
        at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) is { } text ? JsonValue.Create(text) : null;
}
