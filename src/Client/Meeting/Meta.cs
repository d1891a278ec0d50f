using System.Text.Json;
using Google.Protobuf;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>What a tab shows.</summary>
public enum ActiveTabType
{
    /// <summary>The screen that somebody shares.</summary>
    ScreenShare,

    /// <summary>A plugin.</summary>
    Plugin,
}

/// <summary>What a participant looks at besides the others: a shared screen or a plugin.</summary>
/// <param name="Type">Which of the two.</param>
/// <param name="Id">The presence whose screen it is, or the plugin.</param>
public sealed record ActiveTab(ActiveTabType Type, string Id);

/// <summary>What is known of the meeting itself, and the tab that is looked at.</summary>
/// <remarks>
/// Who may lead the view of others (<see cref="Permissions.CanSpotlight"/>) and does (<see cref="BroadcastTabChanges"/>) takes them along to
/// each tab. Which tab is shown, and whether an application follows, is the application's. Reads do not block. Events come after the state has changed.
/// </remarks>
public sealed class Meta
{
    internal const string Spotlight = "spotlight";

    private readonly MeetingLink _link;
    private readonly Self _self;

    internal Meta(MeetingLink link, string title, string viewType, Self self)
    {
        _link = link;
        _self = self;
        MeetingTitle = title;
        ViewType = viewType;
        BroadcastTabChanges = self.Permissions.CanSpotlight;
    }

    /// <summary>Somebody who leads the view of others has gone to another tab.</summary>
    public event Action<ActiveTab>? ActiveTabUpdated;

    /// <summary>The application has gone to another tab by itself.</summary>
    public event Action<ActiveTab>? SelfTabUpdated;

    /// <summary>The own participant leads the others from now on, or no longer.</summary>
    public event Action<bool>? BroadcastTabChangesUpdated;

    /// <summary>The meeting.</summary>
    public string MeetingId => _link.MeetingId;

    /// <summary>What it is called.</summary>
    public string MeetingTitle { get; }

    /// <summary>How the own preset sees it: GROUP_CALL, WEBINAR, AUDIO_ROOM, LIVESTREAM.</summary>
    public string ViewType { get; }

    /// <summary>When the session began; null before joining.</summary>
    public DateTimeOffset? MeetingStartedTimestamp { get; internal set; }

    /// <summary>The session; null before joining.</summary>
    public string? SessionId { get; internal set; }

    /// <summary>The tab that is looked at, by the own choice or by that of somebody who leads; null before there is one.</summary>
    public ActiveTab? SelfActiveTab { get; private set; }

    /// <summary>Whether the own choice of a tab is told to the others. At first: whether the preset allows it.</summary>
    public bool BroadcastTabChanges { get; private set; }

    private bool Leads => BroadcastTabChanges && _self.Permissions.CanSpotlight && _self.IsRoomJoined;

    /// <summary>Goes to a tab; the others come along when the own participant leads.</summary>
    /// <param name="tab">Where to.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused by the server, or Unreachable, or TimedOut: the own tab is the new one, and the others were not told.</exception>
    public async Task SetSelfActiveTabAsync(ActiveTab tab, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tab);
        SelfActiveTab = tab;
        _link.Raise(this, nameof(SelfTabUpdated), () => SelfTabUpdated.CallEach(tab));
        await LeadAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins to lead the others, at once to the own tab of the moment, or ends it.</summary>
    /// <param name="isOn">Whether to lead.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotAllowed by the preset; Refused by the server; Unreachable; TimedOut.</exception>
    public async Task SetBroadcastTabChangesAsync(bool isOn, CancellationToken cancellationToken = default)
    {
        if (!_self.Permissions.CanSpotlight)
        {
            throw new RealtimeKitException(RealtimeKitError.NotAllowed, "The preset does not allow to lead the view of others.");
        }

        if (isOn != BroadcastTabChanges)
        {
            BroadcastTabChanges = isOn;
            _link.Raise(this, nameof(BroadcastTabChangesUpdated), () => BroadcastTabChangesUpdated.CallEach(isOn));
        }

        await LeadAsync(cancellationToken).ConfigureAwait(false);
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        if (message.HasId)
        {
            return; // The echo of what was sent, which is known.
        }

        if (number is SocketEvent.Broadcast or SocketEvent.BroadcastToEntity)
        {
            if (Envelope.TryRead(message, BroadcastMessage.Parser, out var told) && told.Type == Spotlight && TabOf(told.Payload) is { } tab && tab != SelfActiveTab)
            {
                SelfActiveTab = tab;
                _link.Raise(this, nameof(ActiveTabUpdated), () => ActiveTabUpdated.CallEach(tab));
            }
        }
        else if (number is SocketEvent.JoinRoom && Leads && SelfActiveTab is { } ours
            && Envelope.TryRead(message, PeerInfoResponse.Parser, out var joined) && joined.Peer is { Waitlisted: false } peer && peer.PeerId != _link.PeerId)
        {
            _ = TellNewcomerAsync(ours, peer.PeerId);
        }
    }

    /// <summary>The tab that a message leads to; null when it is another application's and names none.</summary>
    internal static ActiveTab? TabOf(ByteString payload)
    {
        try
        {
            using var json = JsonDocument.Parse(payload.Memory, new JsonDocumentOptions { MaxDepth = 32 });
            return json.RootElement.ValueKind is JsonValueKind.Object
                && json.RootElement.TryGetProperty("currentTab", out var tab) && tab.ValueKind is JsonValueKind.Object
                && tab.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.String
                && tab.TryGetProperty("type", out var type) && type.ValueKind is JsonValueKind.String
                    ? type.GetString() switch
                    {
                        "screenshare" => new ActiveTab(ActiveTabType.ScreenShare, id.GetString()!),
                        "plugin" => new ActiveTab(ActiveTabType.Plugin, id.GetString()!),
                        _ => null,
                    }
                    : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null; // InvalidOperationException: half a character, escaped, which is seen only when the text is taken.
        }
    }

    private Task LeadAsync(CancellationToken cancellationToken) => Leads && SelfActiveTab is { } tab
        ? _link.AskAsync(SocketEvent.Broadcast, MessageOf(tab, []), cancellationToken)
        : Task.CompletedTask;

    // Servers need not keep the tab for those who come later.
    private async Task TellNewcomerAsync(ActiveTab tab, string peerId)
    {
        try
        {
            await _link.TellAsync(SocketEvent.BroadcastToEntity, MessageOf(tab, [peerId])).ConfigureAwait(false);
        }
        catch (RealtimeKitException)
        {
            // The socket is gone for the moment.
        }
    }

    private BroadcastMessage MessageOf(ActiveTab tab, IEnumerable<string> ids)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("userId", _self.UserId);
            json.WriteStartObject("currentTab");
            json.WriteString("id", tab.Id);
            json.WriteString("type", tab.Type is ActiveTabType.ScreenShare ? "screenshare" : "plugin");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return _link.BroadcastOf(Spotlight, ByteString.CopyFrom(buffer.ToArray()), ids);
    }
}
