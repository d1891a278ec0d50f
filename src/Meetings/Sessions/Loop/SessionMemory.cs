using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Roomcast.Meetings.Presets;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Peers;
using Roomcast.Storage;

namespace Roomcast.Meetings.Sessions.Loop;

/// <summary>
/// What of a session outlives a restart of the server beside its record, chat and polls: stores, who was let in, changed permissions,
/// places on and off stage, and the pin. Written as it changes, and read before the loop of a meeting begins.
/// </summary>
/// <remarks>
/// Only what differs from what a join alone would bring about is written, so that a plain call costs no write. Who returns does so with
/// the peer id it had; of the pin of one that does not, clients take no notice.
/// </remarks>
internal sealed class SessionMemory(SessionRoom room)
{
    private const string StoreKind = "STORE";
    private const string MemberKind = "MEMBER";
    private const string PeerKind = "PEER";
    private const string PinKind = "PIN";

    // Of those who have not come back yet.
    private readonly Dictionary<string, StoredMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredPeer> _peers = new(StringComparer.Ordinal);
    private SessionId? _recalled;
    private bool _isStopped;

    private SessionId? Session => room.SessionId ?? _recalled;

    /// <summary>Reads what a session of the meeting remembers that a restart has interrupted. Nobody is there yet.</summary>
    public async Task RecallAsync()
    {
        try
        {
            if (await room.Parts.Recorder.FindInterruptedAsync(room.Meeting.Id, room.WallClock) is not { } sessionId)
            {
                return;
            }

            var rows = await room.Parts.Memories.ListAsync(sessionId, CancellationToken.None);
            _recalled = sessionId;
            foreach (var row in rows)
            {
                Take(row);
            }
        }
        catch (Exception fault) when (fault is StorageException or JsonException)
        {
            // The session goes on without; that it takes place is worth more.
            SessionLog.JournalFailed(room.Parts.Logger, fault, room.Meeting.Id.ToString());
        }
    }

    /// <summary>A participant is back.</summary>
    public void Recall(SessionMember member)
    {
        if (!_members.Remove(member.UserId, out var stored))
        {
            return;
        }

        member.IsLetIn = stored.IsLetIn;

        // Its owner may have changed or replaced the preset in the meantime; then that holds.
        if (stored.Preset is { } preset && stored.PresetId == member.Preset.Id.Value && stored.PresetUpdatedAt == member.Preset.UpdatedAt)
        {
            try
            {
                member.Preset = member.Preset with { Content = PresetJson.ReadStored(preset) };
            }
            catch (StorageException fault)
            {
                // What the preset itself says holds then.
                SessionLog.JournalFailed(room.Parts.Logger, fault, room.Meeting.Id.ToString());
            }
        }
    }

    /// <summary>A peer is back.</summary>
    public void Recall(SessionPeer peer)
    {
        if (_peers.Remove(peer.Id, out var stored) && stored.UserId == peer.UserId)
        {
            peer.Stage = stored.Stage;
        }
    }

    /// <summary>A session begins: the one that was recalled, or another, for which nothing of that one counts.</summary>
    public void Begin(SessionId sessionId)
    {
        if (_recalled is { } recalled && recalled != sessionId)
        {
            Forget();
            room.ForgetState();
        }

        if (_recalled != sessionId)
        {
            KeepStores(room.Stores.Items); // What was written before anybody joined.
        }

        _recalled = null;
    }

    /// <summary>The session has ended, and with it what it remembered.</summary>
    public void Forget()
    {
        _members.Clear();
        _peers.Clear();
    }

    /// <summary>Writes nothing any more: that everybody leaves is the server's doing, which stops.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>Remembers whether a participant was let in, and what it may do.</summary>
    public void Keep(SessionMember member) => Save(Row(MemberKind, member.UserId, new StoredMember(
        member.IsLetIn, member.Preset.Id.Value, member.Preset.UpdatedAt, PresetJson.Write(member.Preset.Content)), MemoryJson.Default.StoredMember));

    /// <summary>Remembers where a peer stands towards the stage.</summary>
    public void Keep(SessionPeer peer) => Save(
        Row(PeerKind, peer.Id, new StoredPeer(peer.UserId, peer.Stage ?? StageState.Off), MemoryJson.Default.StoredPeer));

    /// <summary>Remembers who is pinned; empty for nobody.</summary>
    public void KeepPin(string peerId) => Save(Row(PinKind, "pin", peerId, MemoryJson.Default.String));

    /// <summary>Remembers values of stores.</summary>
    public void KeepStores(IEnumerable<(string Space, string Store, StoreItem Item)> items) => Save([.. items.Select(each => Row(
        StoreKind,
        NameOf(each.Space, each.Store, each.Item.Key),
        new StoredItem(each.Space, each.Store, each.Item.Key, each.Item.PeerId, each.Item.At, each.Item.Value.ToArray()),
        MemoryJson.Default.StoredItem))]);

    /// <summary>Remembers values of a store no longer.</summary>
    public void ForgetStores(string space, string store, IEnumerable<string> keys)
    {
        string[] names = [.. keys.Select(key => NameOf(space, store, key))];
        if (names.Length > 0 && Session is { } sessionId && !_isStopped)
        {
            room.Journal.TryAdd(() => room.Parts.Memories.DeleteAsync(sessionId, StoreKind, names, CancellationToken.None));
        }
    }

    // Names of stores and keys may be any text, also one that a database does not take.
    private static string NameOf(string space, string store, string key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{space.Length}:{store.Length}:{space}{store}{key}")));

    private static SessionMemoryRow Row<T>(string kind, string name, T content, JsonTypeInfo<T> form) =>
        new(kind, name, JsonSerializer.SerializeToUtf8Bytes(content, form));

    private void Take(SessionMemoryRow row)
    {
        switch (row.Kind)
        {
            case StoreKind:
                var item = JsonSerializer.Deserialize(row.Content, MemoryJson.Default.StoredItem)!;
                room.Stores.Load(item.Space, item.Store, new StoreItem(item.Key, item.Value, item.PeerId, item.At));
                break;
            case MemberKind:
                _members[row.Name] = JsonSerializer.Deserialize(row.Content, MemoryJson.Default.StoredMember)!;
                break;
            case PeerKind:
                _peers[row.Name] = JsonSerializer.Deserialize(row.Content, MemoryJson.Default.StoredPeer)!;
                break;
            case PinKind:
                room.Host.LoadPin(JsonSerializer.Deserialize(row.Content, MemoryJson.Default.String)!);
                break;
        }
    }

    private void Save(params SessionMemoryRow[] rows)
    {
        if (rows.Length > 0 && Session is { } sessionId && !_isStopped)
        {
            room.Journal.TryAdd(() => room.Parts.Memories.SaveAsync(sessionId, rows, CancellationToken.None));
        }
    }

    internal sealed record StoredItem(string Space, string Store, string Key, string PeerId, DateTimeOffset At, byte[] Value);

    internal sealed record StoredMember(bool IsLetIn, Guid PresetId, DateTimeOffset PresetUpdatedAt, string? Preset);

    internal sealed record StoredPeer(string UserId, StageState Stage);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SessionMemory.StoredItem))]
[JsonSerializable(typeof(SessionMemory.StoredMember))]
[JsonSerializable(typeof(SessionMemory.StoredPeer))]
[JsonSerializable(typeof(string))]
internal sealed partial class MemoryJson : JsonSerializerContext;
