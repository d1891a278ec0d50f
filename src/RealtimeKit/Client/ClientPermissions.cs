using Roomcast.Meetings;
using Roomcast.Meetings.Presets;

namespace Roomcast.RealtimeKit.Client;

/// <summary>What the participant behind a request may do.</summary>
internal static class ClientPermissions
{
    /// <summary>Its permissions as they are in the session it is in, where its preset may have been changed for it; else its preset's.</summary>
    public static async Task<PresetPermissions> PermissionsOfAsync(
        this IActiveSessions sessions, AdmittedClient client, CancellationToken cancellationToken) =>
        await sessions.FindPermissionsAsync(client.Participant!, cancellationToken) ?? client.Preset!.Permissions;
}
