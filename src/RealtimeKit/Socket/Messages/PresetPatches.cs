using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.RealtimeKit.Socket.Messages;

/// <summary>Changes of permissions: as the socket's message, and in the shape of a preset's <c>permissions</c>.</summary>
/// <remarks>
/// The fields of <see cref="PresetUpdates"/> are those of a preset under the same names, and its words are the preset's with
/// the enum's name in front; so both ways are walks over the message's description.
/// </remarks>
internal static class PresetPatches
{
    /// <summary>The change that a message asks for; what it leaves out is left out.</summary>
    public static JsonObject ToJson(PresetUpdates patch) => Read(patch);

    /// <summary>The message for a change. Fields that the message does not have are left out.</summary>
    public static PresetUpdates ToMessage(JsonObject patch)
    {
        var message = new PresetUpdates();
        Write(patch, message);
        return message;
    }

    private static JsonObject Read(IMessage message)
    {
        var json = new JsonObject();
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            if (!field.Accessor.HasValue(message))
            {
                continue;
            }

            var value = field.Accessor.GetValue(message);
            switch (field.FieldType)
            {
                case FieldType.Message:
                    json[field.Name] = Read((IMessage)value);
                    break;
                case FieldType.Bool:
                    json[field.Name] = (bool)value;
                    break;
                case FieldType.Enum when WordOf(field.EnumType, Convert.ToInt32(value, null)) is { } word:
                    json[field.Name] = word;
                    break;
            }
        }

        return json;
    }

    private static void Write(JsonObject json, IMessage message)
    {
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            switch (json[field.Name])
            {
                case JsonObject inner when field.FieldType is FieldType.Message:
                    var child = (IMessage)field.MessageType.Parser.ParseFrom(ByteString.Empty);
                    Write(inner, child);
                    field.Accessor.SetValue(message, child);
                    break;
                case JsonValue value when field.FieldType is FieldType.Bool && value.TryGetValue(out bool flag):
                    field.Accessor.SetValue(message, flag);
                    break;
                case JsonValue value when field.FieldType is FieldType.Enum && value.TryGetValue(out string? word):
                    if (field.EnumType.FindValueByName(PrefixOf(field.EnumType) + word) is { } known)
                    {
                        field.Accessor.SetValue(message, Enum.ToObject(field.EnumType.ClrType, known.Number));
                    }

                    break;
            }
        }
    }

    // The first word of two of the enums stands for "not said"; a recorder's type has none of these.
    private static string? WordOf(EnumDescriptor type, int number) =>
        type.FindValueByNumber(number)?.Name[PrefixOf(type).Length..] is { } word && !(word == "NONE" && type.Name != nameof(RecorderType))
            ? word
            : null;

    private static string PrefixOf(EnumDescriptor type) => type.Name switch
    {
        nameof(StreamPermissionType) => "STREAM_PERMISSION_TYPE_",
        nameof(WaitingRoomType) => "WAITING_ROOM_TYPE_",
        _ => "RECORDER_TYPE_",
    };
}
