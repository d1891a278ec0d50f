using Roomcast.Meetings.Presets;
using Roomcast.Storage;

namespace Roomcast.Meetings.Records;

/// <summary>The words that rows hold for what is an enumeration here.</summary>
internal static class SessionWords
{
    public static string Write(SessionEndReason reason) => reason switch
    {
        SessionEndReason.EverybodyLeft => "EVERYBODY_LEFT",
        SessionEndReason.EndedByHost => "ENDED_BY_HOST",
        SessionEndReason.ServerStopped => "SERVER_STOPPED",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Not a reason."),
    };

    public static SessionEndReason ReadReason(string text) => text switch
    {
        "EVERYBODY_LEFT" => SessionEndReason.EverybodyLeft,
        "ENDED_BY_HOST" => SessionEndReason.EndedByHost,
        "SERVER_STOPPED" => SessionEndReason.ServerStopped,
        _ => throw new StorageException(StorageFailure.Corrupted, $"A session has the unknown end reason '{text}'."),
    };

    public static string Write(ViewType viewType) => PresetJson.ViewTypes.First(word => word.Value == viewType).Key;

    public static ViewType ReadViewType(string text) => PresetJson.ViewTypes.TryGetValue(text, out var viewType)
        ? viewType
        : throw new StorageException(StorageFailure.Corrupted, $"A peer has the unknown view type '{text}'.");

    public static string Write(ChatMessageKind kind) => kind switch
    {
        ChatMessageKind.Text => "TEXT",
        ChatMessageKind.Image => "IMAGE",
        ChatMessageKind.File => "FILE",
        ChatMessageKind.Custom => "CUSTOM",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of message."),
    };

    public static ChatMessageKind ReadKind(string text) => text switch
    {
        "TEXT" => ChatMessageKind.Text,
        "IMAGE" => ChatMessageKind.Image,
        "FILE" => ChatMessageKind.File,
        "CUSTOM" => ChatMessageKind.Custom,
        _ => throw new StorageException(StorageFailure.Corrupted, $"A chat message has the unknown kind '{text}'."),
    };
}
