using System.Text.Json;

namespace Roomcast.Egress.Push;

/// <summary>How states and reasons are written for machines: <c>snake_case</c>.</summary>
public static class PushWords
{
    private static readonly Dictionary<PushState, string> States =
        Enum.GetValues<PushState>().ToDictionary(static state => state, static state => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString()));

    private static readonly Dictionary<PushReason, string> Reasons =
        Enum.GetValues<PushReason>().ToDictionary(static reason => reason, static reason => JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString()));

    /// <summary>The word for a state.</summary>
    public static string Of(PushState state) => States[state];

    /// <summary>The word for a reason.</summary>
    public static string Of(PushReason reason) => Reasons[reason];
}
