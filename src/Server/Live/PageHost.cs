using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using Roomcast.Accounts;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Recording.Pages;
using Roomcast.Meetings;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Tokens;
using Roomcast.Server.Configuration;
using Roomcast.Server.Listening;
using Roomcast.Server.Pages;
using Roomcast.Server.Tls;

namespace Roomcast.Server.Live;

/// <summary>What web pages that are recorded are given by this server.</summary>
internal sealed class PageHost(
    PageStages stages,
    ParticipantAdmission admission,
    IActiveSessions sessions,
    PageAddresses addresses,
    ListenerSockets sockets,
    ServerNames names,
    SettingValues settings,
    TlsCertificates certificates,
    PageConnections connections) : IPageHost
{
    public PageServer Server
    {
        get
        {
            var told = new Uri(addresses.SecureBase);
            var known = new HashSet<string>(names.CertificateNames, StringComparer.OrdinalIgnoreCase);
            known.UnionWith(ServerNames.NamesUnder(told.Host));
            var here = new Dictionary<int, IPEndPoint>
            {
                [ListenerSockets.PortOf(sockets.Http)] = new(names.Reachable, ListenerSockets.PortOf(sockets.Http)),
                [ListenerSockets.PortOf(sockets.Https)] = new(names.Reachable, ListenerSockets.PortOf(sockets.Https)),
            };

            // Outside there may be a proxy, to which the way from here may not lead.
            here.TryAdd(told.Port, here[ListenerSockets.PortOf(sockets.Https)]);
            if (settings.Get(ServerSettings.PublicUrl) is { } url)
            {
                known.UnionWith(ServerNames.NamesUnder(url.Host));
                here.TryAdd(url.Port, here[ListenerSockets.PortOf(url.Scheme == "https" ? sockets.Https : sockets.Http)]);
            }

            var key = certificates.Current.Certificate.PublicKey.ExportSubjectPublicKeyInfo();
            var machine = NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(nic => nic.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address).ToHashSet();
            if (settings.Get(ServerSettings.PublicIp) is { } outside)
            {
                machine.Add(outside);
            }

            return new PageServer(told.Authority, known, here, SHA256.HashData(key))
            {
                Addresses = machine,
                Connections = connections,
            };
        }
    }

    public PageGuest Invite(AppId appId, Guid meetingId, RecordingId recordingId)
    {
        var (participant, token) = admission.Lend(appId, new MeetingId(meetingId), recordingId.Value, "Recorder");
        return new PageGuest(token, async () =>
        {
            // The token first, or it could be used again; it stood in a page's address, where others may have read it.
            admission.EndLent(participant.Id);
            await sessions.ParticipantDeletedAsync(participant, CancellationToken.None);
        });
    }

    public IPageStage OpenStage(RecordingId recordingId) => stages.Open(recordingId.Value);
}
