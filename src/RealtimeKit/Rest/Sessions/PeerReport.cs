using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Rest.Requests;

namespace Roomcast.RealtimeKit.Rest.Sessions;

/// <summary>A part of the report on a peer, as callers choose them.</summary>
internal enum PeerReportPart
{
    DeviceInfo,
    IpInformation,
    PrecallNetworkInformation,
    Events,
    QualityStats,
}

/// <summary>The report on a peer: what its client told of itself, what happened to it, and how its media fared.</summary>
/// <remarks>What the server cannot know is left out, which the published schema allows for every field.</remarks>
internal static class PeerReport
{
    /// <summary>The words that parts are chosen by.</summary>
    public static readonly IReadOnlyDictionary<string, PeerReportPart> PartWords = new Dictionary<string, PeerReportPart>
    {
        ["device_info"] = PeerReportPart.DeviceInfo,
        ["ip_information"] = PeerReportPart.IpInformation,
        ["precall_network_information"] = PeerReportPart.PrecallNetworkInformation,
        ["events"] = PeerReportPart.Events,
        ["quality_stats"] = PeerReportPart.QualityStats,
    };

    /// <summary>Makes the report.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="events">What happened to it.</param>
    /// <param name="media">How its media fared; null when nothing is kept.</param>
    /// <param name="reported">What its client reported of itself; null when nothing is kept.</param>
    /// <param name="parts">Only these parts; none for all.</param>
    /// <param name="seesAddresses">Whether the caller may see the addresses of people.</param>
    public static JsonObject Of(
        PeerRecord peer, IReadOnlyList<PeerEvent> events, MediaHistory? media, ClientReport? reported, IReadOnlyCollection<PeerReportPart> parts, bool seesAddresses)
    {
        var metadata = new JsonObject();
        if (Wants(PeerReportPart.DeviceInfo))
        {
            AddDevice(metadata, peer.Client, reported);
            metadata["room_view_type"] = PeerEventResponse.WordOf(peer.ViewType);
        }

        if (Wants(PeerReportPart.PrecallNetworkInformation) && reported is { Networks.Count: > 0 })
        {
            metadata["pc_metadata"] = new JsonArray([.. reported.Networks.Select(NetworkOf)]);
        }

        if (Wants(PeerReportPart.Events))
        {
            metadata["events"] = new JsonArray([.. events.Select(happened => new JsonObject
            {
                ["name"] = PeerEventResponse.WordOf(happened.Kind),
                ["timestamp"] = Timestamps.Write(happened.At),
            })]);
        }

        if (Wants(PeerReportPart.IpInformation) && seesAddresses && IPAddress.TryParse(peer.Client?.RemoteAddress, out var address))
        {
            metadata["ip_information"] = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address) is { AddressFamily: AddressFamily.InterNetwork } v4
                ? new JsonObject { ["ipv4"] = v4.ToString() }
                : new JsonObject { ["ipv6"] = address.ToString() };
        }

        var report = new JsonObject { ["metadata"] = metadata };
        if (Wants(PeerReportPart.QualityStats) && media is { Samples.Count: > 0 })
        {
            metadata["candidate_pairs"] = PathsOf(media.Samples[^1]);
            report["quality"] = PeerQuality.Of(media);
        }

        return report;

        bool Wants(PeerReportPart part) => parts.Count == 0 || parts.Contains(part);
    }

    private static void AddDevice(JsonObject metadata, PeerClient? client, ClientReport? reported)
    {
        foreach (var (name, kind) in new[]
        {
            ("audio_devices_updates", ReportedDeviceKind.Audio), ("video_devices_updates", ReportedDeviceKind.Video),
            ("speaker_devices_updates", ReportedDeviceKind.Speaker),
        })
        {
            if (reported?.Devices.Where(update => update.Kind == kind).ToArray() is { Length: > 0 } updates)
            {
                metadata[name] = new JsonArray([.. updates.Select(update => new JsonObject
                {
                    ["added"] = new JsonArray([.. update.Added.Select(DeviceOf)]),
                    ["removed"] = new JsonArray([.. update.Removed.Select(DeviceOf)]),
                    ["timestamp"] = Timestamps.Write(update.At),
                })]);
            }
        }

        if (reported is { Choices.Count: > 0 })
        {
            metadata["selected_device_updates"] = new JsonArray([.. reported.Choices.Select(choice => new JsonObject
            {
                ["device"] = DeviceOf(choice.Device),
                ["timestamp"] = Timestamps.Write(choice.At),
            })]);
        }

        if (client?.SdkVersion is { } version)
        {
            metadata["sdk_version"] = version;
            metadata["sdk_type"] = "web";
        }

        var device = new JsonObject();
        if (client?.UserAgent is { } userAgent)
        {
            var read = UserAgentText.Of(userAgent);
            metadata["browser_metadata"] = Known(
                ("browser", read.Browser), ("browser_version", read.BrowserVersion), ("engine", read.Engine), ("user_agent", userAgent));
            device = Known(("os", read.Os), ("os_version", read.OsVersion));
            device["is_mobile"] = read.IsMobile;
        }

        if (reported?.Processors is { } processors)
        {
            device["cpus"] = processors;
        }

        if (device.Count > 0)
        {
            metadata["device_info"] = device;
        }
    }

    private static JsonObject DeviceOf(ReportedDevice device) =>
        new() { ["device_id"] = device.Id, ["kind"] = device.Kind, ["label"] = device.Label };

    private static JsonObject NetworkOf(ReportedNetwork network)
    {
        var told = Known(("effective_network_type", network.EffectiveType));
        foreach (var (name, value) in new[]
        {
            ("reflexive_connectivity", network.IsReflexive), ("relay_connectivity", network.IsRelayed), ("turn_connectivity", network.IsConnected),
        })
        {
            if (value is { } isSo)
            {
                told[name] = isSo;
            }
        }

        told["timestamp"] = Timestamps.Write(network.At);
        return told;
    }

    private static JsonObject PathsOf(MediaSample sample)
    {
        var path = new JsonObject { ["nominated"] = true, ["local_candidate_protocol"] = sample.IsTcp ? "tcp" : "udp" };
        if (sample.RoundTripMs is { } roundTrip)
        {
            path["current_round_trip_time"] = roundTrip / 1_000.0;
        }

        var consuming = path.DeepClone().AsObject();
        if (sample.EstimatedBps > 0)
        {
            consuming["available_incoming_bitrate"] = sample.EstimatedBps;
        }

        return new JsonObject { ["consuming_transport"] = new JsonArray(consuming), ["producing_transport"] = new JsonArray(path) };
    }

    private static JsonObject Known(params (string Name, string? Value)[] fields)
    {
        var known = new JsonObject();
        foreach (var (name, value) in fields)
        {
            if (value is not null)
            {
                known[name] = value;
            }
        }

        return known;
    }
}
