using System.Text.Json;
using System.Text.Json.Serialization;

namespace Roomcast.Meetings.History;

/// <summary>A device as a client names it. Nothing of it is proved.</summary>
/// <param name="Id">The browser's id for it; may be empty.</param>
/// <param name="Kind">For example <c>audioinput</c>.</param>
/// <param name="Label">What its user knows it by; may be empty.</param>
public sealed record ReportedDevice(string Id, string Kind, string Label);

/// <summary>The kinds of devices that are told apart.</summary>
public enum ReportedDeviceKind
{
    /// <summary>Microphones.</summary>
    Audio,

    /// <summary>Cameras.</summary>
    Video,

    /// <summary>Loudspeakers.</summary>
    Speaker,
}

/// <summary>Devices that came and went at a moment.</summary>
public sealed record DeviceUpdate(ReportedDeviceKind Kind, DateTimeOffset At, IReadOnlyList<ReportedDevice> Added, IReadOnlyList<ReportedDevice> Removed);

/// <summary>A device that was chosen at a moment.</summary>
public sealed record DeviceChoice(DateTimeOffset At, ReportedDevice Device);

/// <summary>How a client found its network before it joined; null where it told nothing.</summary>
/// <param name="At">When.</param>
/// <param name="EffectiveType">For example <c>4g</c>.</param>
/// <param name="IsReflexive">Whether its address as others see it could be found.</param>
/// <param name="IsRelayed">Whether a relay could be reached.</param>
/// <param name="IsConnected">Whether anything could.</param>
public sealed record ReportedNetwork(DateTimeOffset At, string? EffectiveType, bool? IsReflexive, bool? IsRelayed, bool? IsConnected);

/// <summary>What the client of a peer reports of its machine, devices and network; at most so much of each.</summary>
public sealed record ClientReport
{
    /// <summary>Most entries of each list; later ones are left out.</summary>
    public const int MaxEntries = 64;

    /// <summary>Most devices of one entry.</summary>
    public const int MaxDevices = 32;

    /// <summary>Longest text, in characters.</summary>
    public const int MaxLength = 256;

    /// <summary>Most bytes of the whole as it is kept; what would go beyond is left out.</summary>
    public const int MaxBytes = 64 << 10;

    /// <summary>Processors; null when not told.</summary>
    public int? Processors { get; init; }

    /// <summary>Devices that came and went, in the order they were reported.</summary>
    public IReadOnlyList<DeviceUpdate> Devices { get; init; } = [];

    /// <summary>Devices that were chosen, in the order they were reported.</summary>
    public IReadOnlyList<DeviceChoice> Choices { get; init; } = [];

    /// <summary>What networks were found.</summary>
    public IReadOnlyList<ReportedNetwork> Networks { get; init; } = [];

    /// <summary>Takes note of all devices of a kind, as they are at a moment.</summary>
    public ClientReport WithDevices(ReportedDeviceKind kind, DateTimeOffset at, IReadOnlyList<ReportedDevice> present)
    {
        ArgumentNullException.ThrowIfNull(present);
        var known = new List<ReportedDevice>();
        foreach (var update in Devices.Where(update => update.Kind == kind))
        {
            known.RemoveAll(device => update.Removed.Contains(device));
            known.AddRange(update.Added);
        }

        var now = present.Distinct().Take(MaxDevices).ToArray();
        var (added, removed) = (now.Except(known).ToArray(), known.Except(now).ToArray());
        return Devices.Count == MaxEntries || (added.Length == 0 && removed.Length == 0)
            ? this
            : this with { Devices = [.. Devices, new DeviceUpdate(kind, at, added, removed)] };
    }

    /// <summary>Takes note of a choice.</summary>
    public ClientReport WithChoice(DeviceChoice choice) =>
        Choices.Count == MaxEntries || Choices.Contains(choice) ? this : this with { Choices = [.. Choices, choice] };

    /// <summary>Takes note of a network.</summary>
    public ClientReport WithNetwork(ReportedNetwork network) =>
        Networks.Count == MaxEntries || Networks.Contains(network) ? this : this with { Networks = [.. Networks, network] };

    /// <summary>Takes note of several things, in order, up to the first that there is no room for.</summary>
    /// <param name="steps">Each adds one.</param>
    public ClientReport With(IReadOnlyList<Func<ClientReport, ClientReport>> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        var all = steps.Aggregate(this, (known, step) => step(known));
        if (ReferenceEquals(all, this) || all.Fits())
        {
            return all;
        }

        var report = this;
        foreach (var step in steps)
        {
            var next = step(report);
            if (!ReferenceEquals(next, report) && !next.Fits())
            {
                break;
            }

            report = next;
        }

        return report;
    }

    private bool Fits() => JsonSerializer.SerializeToUtf8Bytes(this, ClientReportJson.Default.ClientReport).Length <= MaxBytes;
}

/// <summary>How reports are kept.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ClientReport))]
internal sealed partial class ClientReportJson : JsonSerializerContext;
