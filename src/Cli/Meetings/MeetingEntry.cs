using Roomcast.Cli.Connecting;
using Roomcast.Client;
using Roomcast.Client.Rest;

namespace Roomcast.Cli.Meetings;

/// <summary>How a command gets participants into a meeting.</summary>
internal static class MeetingEntry
{
    public const string DefaultPreset = "group_call_host";

    /// <summary>Adds a participant by the API, and gives the token they join with.</summary>
    public static async Task<string> AddAsync(RealtimeKitApi api, string meetingId, string name, string preset, CancellationToken ending)
    {
        var participant = await api.Participants.AddAsync(
            meetingId, new ParticipantRequest { Name = name, PresetName = preset, CustomParticipantId = $"cli-{Guid.NewGuid():N}" }, ending);
        return participant.Token ?? throw new CliException(ExitCode.NotAllowed, "The server told no token for the participant: the API token may only read.");
    }

    /// <summary>How a meeting of a server is entered.</summary>
    public static RealtimeKitOptions OptionsFor(ServerAccess access, HttpMessageHandler handler, string token) => new()
    {
        AuthToken = token,
        BaseUri = access.BaseUri,
        HttpHandler = handler,
        CertificateValidation = access.CertificateValidation,
    };

    /// <summary>Waits until something ends the command: a signal, or a time.</summary>
    public static async Task WaitAsync(TimeSpan? time, CancellationToken ending) =>
        await Task.Delay(time ?? Timeout.InfiniteTimeSpan, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
