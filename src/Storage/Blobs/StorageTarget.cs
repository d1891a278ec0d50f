using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;

namespace Roomcast.Storage.Blobs;

/// <summary>Storage somewhere else, and the keys to it.</summary>
[JsonConverter(typeof(StorageTargetConverter))]
public abstract record StorageTarget
{
    /// <summary>Whether only addresses open to the whole internet may be connected to: for targets that strangers name.</summary>
    public bool IsPublicOnly { get; init; }

    /// <summary>Opens it. Nothing is connected to before the first use.</summary>
    /// <param name="clock">What waits are measured by.</param>
    /// <param name="logger">Where repetitions are told.</param>
    public abstract IOpenStorage Open(TimeProvider clock, ILogger logger);
}

/// <summary>
/// Targets as JSON: the fields of one, and its kind, which S3 goes without, for it was once the only one.
/// </summary>
public sealed class StorageTargetConverter : JsonConverter<StorageTarget>
{
    private const string KindField = "Kind";

    /// <inheritdoc/>
    public override StorageTarget? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var fields = JsonNode.Parse(ref reader)!.AsObject();
        return (string?)fields[KindField] switch
        {
            null => fields.Deserialize(StorageTargetJson.Default.S3Target),
            nameof(AzureTarget) => fields.Deserialize(StorageTargetJson.Default.AzureTarget),
            nameof(GcsTarget) => fields.Deserialize(StorageTargetJson.Default.GcsTarget),
            nameof(SftpTarget) => fields.Deserialize(StorageTargetJson.Default.SftpTarget),
            _ => throw new JsonException("A storage of this kind is not known."),
        };
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, StorageTarget value, JsonSerializerOptions options)
    {
        var fields = value switch
        {
            S3Target s3 => JsonSerializer.SerializeToNode(s3, StorageTargetJson.Default.S3Target)!,
            AzureTarget azure => JsonSerializer.SerializeToNode(azure, StorageTargetJson.Default.AzureTarget)!,
            GcsTarget gcs => JsonSerializer.SerializeToNode(gcs, StorageTargetJson.Default.GcsTarget)!,
            SftpTarget sftp => JsonSerializer.SerializeToNode(sftp, StorageTargetJson.Default.SftpTarget)!,
            _ => throw new JsonException("A storage of this kind is not known."),
        };
        if (value is not S3Target)
        {
            fields[KindField] = value.GetType().Name;
        }

        fields.WriteTo(writer);
    }
}

/// <summary>How the fields of each kind are written.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(S3Target))]
[JsonSerializable(typeof(AzureTarget))]
[JsonSerializable(typeof(GcsTarget))]
[JsonSerializable(typeof(SftpTarget))]
internal sealed partial class StorageTargetJson : JsonSerializerContext;
