using System.Reflection;
using Roomcast.Client.Rest;

namespace Roomcast.Client.Tests.Rest;

/// <summary>Which route each method of the API's groups calls, found by calling them all.</summary>
internal static class RouteBook
{
    /// <summary>Calls every method of every group.</summary>
    /// <returns>Routes as <c>GET /{}/meetings</c>, and methods as <c>MeetingsApi.ListAsync</c>.</returns>
    public static async Task<IReadOnlyList<(string Route, string Method)>> OfAsync()
    {
        var book = new List<(string Route, string Method)>();
        foreach (var group in typeof(RealtimeKitApi).GetProperties().Where(property => property.PropertyType.IsSubclassOf(typeof(ApiGroup))))
        {
            foreach (var method in group.PropertyType.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
            {
                using var server = new ApiServer();
                using var api = RealtimeKitApiTests.New(server);
                try
                {
                    await DrainAsync(method.Invoke(group.GetValue(api), method.GetParameters().Select(ArgumentOf).ToArray())!);
                }
                catch (RealtimeKitException)
                {
                    // What was asked for counts here, not what an empty answer means.
                }

                book.AddRange(server.Calls.Select(call => ($"{call.Method} {TemplateOf(call.PathAndQuery)}", $"{group.PropertyType.Name}.{method.Name}")));
            }
        }

        return [.. book.Distinct()];
    }

    private static object? ArgumentOf(ParameterInfo parameter) => parameter switch
    {
        { ParameterType: var type } when type == typeof(string) => "x",
        { ParameterType: var type } when type == typeof(CancellationToken) => CancellationToken.None,
        { ParameterType: var type } when type == typeof(bool) => true,
        { ParameterType: var type } when type == typeof(IReadOnlyList<string>) => new[] { "x" },
        { ParameterType: var type } when type == typeof(DateOnly) => new DateOnly(2026, 6, 3),
        { ParameterType: var type } when type == typeof(DateTimeOffset) => DateTimeOffset.UnixEpoch,
        { ParameterType: var type } when type == typeof(PollRequest) => new PollRequest { Question = "?", Options = ["a", "b"] },
        { ParameterType: var type } when type == typeof(OutputRequest) => new OutputRequest("rtmp://x/x/x"),
        { ParameterType: var type } when type == typeof(RecordingRequest) => new RecordingRequest { MeetingId = "x" },
        { HasDefaultValue: true, ParameterType.IsValueType: false } => null,
        _ => Activator.CreateInstance(parameter.ParameterType),
    };

    private static async Task DrainAsync(object result)
    {
        if (result is Task task)
        {
            await task;
            return;
        }

        var item = result.GetType().GetInterfaces().Single(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>)).GetGenericArguments()[0];
        await (Task)typeof(RouteBook).GetMethod(nameof(WalkAsync), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(item).Invoke(null, [result])!;
    }

    private static async Task WalkAsync<T>(IAsyncEnumerable<T> list)
    {
        await foreach (var _ in list)
        {
        }
    }

    private static string TemplateOf(string pathAndQuery) =>
        pathAndQuery.Split('?')[0].Replace("/client/v4/accounts/acc/realtime/kit", "", StringComparison.Ordinal).Replace("/app/", "/{}/", StringComparison.Ordinal).Replace("/x", "/{}", StringComparison.Ordinal);
}
