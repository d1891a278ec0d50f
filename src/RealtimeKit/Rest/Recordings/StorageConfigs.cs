using System.Text.Json.Nodes;
using Roomcast.Storage.Blobs;

namespace Roomcast.RealtimeKit.Rest.Recordings;

/// <summary>Reads <c>storage_config</c>: storage of the owner's that recordings go to, of one of six kinds.</summary>
internal static class StorageConfigs
{
    private const string Missing = "is required for this kind of storage";
    private const int MaxLabelLength = 63;
    private const int MaxContainerLength = 63;

    /// <summary>What of the fields that are given is no such thing. Those that are missing are no matter of this.</summary>
    /// <param name="storage">The fields.</param>
    /// <param name="mayStoreAt">Whether a host may be stored at.</param>
    public static IEnumerable<(string Field, string Message)> FaultsOf(JsonObject storage, Func<string, bool> mayStoreAt)
    {
        var type = Text(storage, "type");
        foreach (var field in type is "azure" ? ["access_key", "account_id"] : new[] { "region", "account_id" })
        {
            // They become parts of host names.
            var part = Text(storage, field);
            if (part.Length > MaxLabelLength || !part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-') || part.StartsWith('-') || part.EndsWith('-'))
            {
                yield return (field, $"must consist of letters, digits and hyphens, at most {MaxLabelLength}, with no hyphen at either end");
            }
        }

        if (type is "azure")
        {
            if (!Convert.TryFromBase64String(Text(storage, "secret"), new byte[Text(storage, "secret").Length], out _))
            {
                yield return ("secret", "must be a key of the storage account, in Base64");
            }

            if (Text(storage, "bucket") is var container
                && (container.Length > MaxContainerLength || !container.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '$')))
            {
                yield return ("bucket", $"must be the name of a container: at most {MaxContainerLength} letters, digits and hyphens");
            }
        }

        if (type is "azure" or "gcs" or "sftp" && Text(storage, "path").Split('/').Any(part => part is "." or ".."))
        {
            yield return ("path", "must not lead to the folder itself or out of it");
        }

        if (type is "aws" or "azure" or "gcs" && Text(storage, "host").Length > 0 && EndpointOf(storage) is null)
        {
            yield return ("host", "must be the name of a host, or its http or https address");
        }

        if (HostOf(storage) is { } target && !mayStoreAt(target))
        {
            yield return ("host", "must not lead into a private network; the setting recording_allow_private_targets allows it");
        }

        if (type is "gcs" && Text(storage, "secret") is { Length: > 0 } credentials && GcsTarget.Read(credentials, "") is null)
        {
            yield return ("secret", "must be the credentials of a service account, as JSON");
        }

        if (type is "sftp")
        {
            if (Text(storage, "host") is { Length: > 0 } host && Uri.CheckHostName(host) is UriHostNameType.Unknown)
            {
                yield return ("host", "must be the name of a host, or its address");
            }

            if (Text(storage, "username") is { Length: > 0 } user && string.IsNullOrWhiteSpace(user))
            {
                yield return ("username", "must not be blank");
            }

            if (Text(storage, "private_key") is { Length: > 0 } key && !SftpTarget.IsPrivateKey(key))
            {
                yield return ("private_key", "must be a private key without a passphrase, as a file holds it");
            }

            if (Text(storage, "host_key_fingerprint") is { Length: > 0 } fingerprint && !SftpTarget.IsFingerprint(fingerprint))
            {
                yield return ("host_key_fingerprint", "must be as ssh-keygen -l tells it: SHA256: and 43 characters of Base64");
            }
        }
    }

    /// <summary>The target; null, with faults, when something is missing or is no such thing.</summary>
    public static StorageTarget? Read(JsonObject storage, Func<string, bool> mayStoreAt, ICollection<(string Field, string Message)> faults)
    {
        var type = Text(storage, "type");
        foreach (var field in RequiredOf(type, Text(storage, "auth_method")))
        {
            if (Text(storage, field).Length == 0)
            {
                faults.Add((field, Missing));
            }
        }

        if (type is "azure" && !storage.ContainsKey("region"))
        {
            faults.Add(("region", $"{Missing}, and may be empty"));
        }

        foreach (var fault in FaultsOf(storage, mayStoreAt))
        {
            faults.Add(fault);
        }

        return faults.Count > 0 ? null : type switch
        {
            "azure" => ReadAzure(storage),
            "gcs" => ReadGcs(storage),
            "sftp" => ReadSftp(storage),
            _ => ReadS3(storage, type),
        };
    }

    private static string[] RequiredOf(string type, string authMethod) => (type, authMethod) switch
    {
        ("aws" or "digitalocean", _) => ["access_key", "secret", "bucket", "region"],
        ("cloudflare", _) => ["access_key", "secret", "bucket", "account_id"],
        ("azure", _) => ["access_key", "secret", "bucket"],
        ("gcs", _) => ["secret", "bucket"],
        ("sftp", "KEY") => ["host", "username", "private_key"],
        ("sftp", "PASSWORD") => ["host", "username", "password"],
        ("sftp", _) => ["host", "username", "auth_method"],
        _ => ["type"],
    };

    private static S3Target ReadS3(JsonObject storage, string type)
    {
        var region = Text(storage, "region");
        return new S3Target
        {
            Bucket = Text(storage, "bucket"),
            Endpoint = type switch
            {
                "digitalocean" => $"https://{region}.digitaloceanspaces.com",
                "cloudflare" => $"https://{Text(storage, "account_id")}.r2.cloudflarestorage.com",
                _ => EndpointOf(storage),
            },
            Region = type is "cloudflare" ? "auto" : region,
            AccessKey = Text(storage, "access_key"),
            SecretKey = Text(storage, "secret"),
            Prefix = PrefixOf(storage),
            UsesPathStyle = type is "cloudflare" || Text(storage, "host").Length > 0,
        };
    }

    private static AzureTarget ReadAzure(JsonObject storage)
    {
        // An address of the account's own says which it is; one that serves several has the account in the path.
        var account = Text(storage, "access_key");
        var endpoint = EndpointOf(storage);
        var isOwn = endpoint is null || new Uri(endpoint).Host.StartsWith($"{account}.", StringComparison.OrdinalIgnoreCase);
        return new AzureTarget
        {
            Account = account,
            Key = Text(storage, "secret"),
            Container = Text(storage, "bucket"),
            Endpoint = isOwn ? endpoint : $"{endpoint}/{account}",
            Prefix = PrefixOf(storage),
        };
    }

    private static GcsTarget ReadGcs(JsonObject storage) => GcsTarget.Read(Text(storage, "secret"), Text(storage, "bucket"))! with
    {
        Endpoint = EndpointOf(storage),
        Prefix = PrefixOf(storage),
    };

    private static SftpTarget ReadSftp(JsonObject storage)
    {
        var path = Text(storage, "path");
        var isKey = Text(storage, "auth_method") is "KEY";
        return new SftpTarget
        {
            Host = Text(storage, "host"),
            Port = (int?)storage["port"] ?? SftpTarget.DefaultPort,
            UserName = Text(storage, "username"),
            PrivateKey = isKey ? Text(storage, "private_key") : null,
            Password = isKey ? null : Text(storage, "password"),
            HostKeyFingerprint = Text(storage, "host_key_fingerprint") is { Length: > 0 } known ? known : null,
            Folder = path.TrimEnd('/') is { Length: > 0 } folder ? folder : path.Length > 0 ? "/" : "",
        };
    }

    // What is connected to by the host that is given; null where it is not, and where it is no host.
    private static string? HostOf(JsonObject storage) => Text(storage, "type") switch
    {
        "sftp" => Text(storage, "host") is { Length: > 0 } host ? host : null,
        "aws" or "azure" or "gcs" => EndpointOf(storage) is { } endpoint ? new Uri(endpoint).DnsSafeHost : null,
        _ => null,
    };

    private static string PrefixOf(JsonObject storage) => Text(storage, "path").Trim('/') is { Length: > 0 } path ? $"{path}/" : "";

    // A server of one's own is named by its host. Null for none, and for what is no address.
    private static string? EndpointOf(JsonObject storage)
    {
        var host = Text(storage, "host");
        if (host.Length == 0)
        {
            return null;
        }

        var isAddress = host.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            || host.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if ((!isAddress && host.Contains('/', StringComparison.Ordinal))
            || !Uri.TryCreate(isAddress ? host : $"https://{host}", UriKind.Absolute, out var address)
            || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0)
        {
            return null;
        }

        var port = (int?)storage["port"] ?? address.Port;
        return new UriBuilder(address) { Port = port }.Uri.GetLeftPart(UriPartial.Path).TrimEnd('/');
    }

    private static string Text(JsonObject storage, string field) => (string?)storage[field] ?? "";
}
