using System.Text;
using Microsoft.Extensions.Logging;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace Roomcast.Storage.Blobs;

/// <summary>A folder of a machine that speaks SFTP, and what opens it: a password or a private key.</summary>
public sealed record SftpTarget : StorageTarget
{
    /// <summary>The port of SSH.</summary>
    public const int DefaultPort = 22;

    /// <summary>The machine: a name or an address.</summary>
    public required string Host { get; init; }

    /// <summary>Its port.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Who logs in.</summary>
    public required string UserName { get; init; }

    /// <summary>The password; null where there is a key.</summary>
    public string? Password { get; init; }

    /// <summary>The private key, as a file holds it, without a passphrase; null where there is a password.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>What the machine's own key must be, as <c>ssh-keygen -l</c> tells it (<c>SHA256:…</c>); null for any.</summary>
    public string? HostKeyFingerprint { get; init; }

    /// <summary>The folder, from the root when it begins with a slash, else from where the login leads. Empty for the latter itself.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Whether a text is a private key that can be used. One with a passphrase is none.</summary>
    public static bool IsPrivateKey(string text)
    {
        try
        {
            using var key = ReadKey(text);
            return true;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return false; // A parser of somebody else's over the text of a stranger: whatever it throws.
        }
    }

    /// <summary>Whether a text is a fingerprint: 32 bytes in Base64 without padding, after <c>SHA256:</c>.</summary>
    public static bool IsFingerprint(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith(FingerprintStart, StringComparison.Ordinal)
            && text.Length == FingerprintStart.Length + 43
            && text[FingerprintStart.Length..].All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '/');
    }

    /// <inheritdoc/>
    public override IOpenStorage Open(TimeProvider clock, ILogger logger) => new SftpBlobs(this, clock, logger);

    /// <summary>Names the machine, without what opens it.</summary>
    public override string ToString() => $"folder {(Folder.Length == 0 ? "of the login" : Folder)} at sftp://{Host}:{Port}";

    internal const string FingerprintStart = "SHA256:";

    internal static PrivateKeyFile ReadKey(string text) => new(new MemoryStream(Encoding.UTF8.GetBytes(text), writable: false));
}
