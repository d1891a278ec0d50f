using System.Diagnostics;
using System.Globalization;
using Roomcast.Storage.Blobs;
using Roomcast.TestKit.Storages;

namespace Roomcast.TestKit.Sftp;

/// <summary>
/// OpenSSH's server on loopback, with keys, a configuration and a folder of its own, for the user who runs the tests. In its own view
/// of the file system, which knows no mounts that come later, that user has a password. It takes root, or sudo that asks no password.
/// </summary>
public sealed class SftpServer : IAsyncDisposable
{
    /// <summary>The user's password, there.</summary>
    public const string Password = "geheim-Sesam";

    private readonly TemporaryFolder _folder = new();
    private LoopbackServer _server = null!;

    private SftpServer()
    {
    }

    /// <summary>Where it listens.</summary>
    public int Port => _server.Port;

    /// <summary>The user's private key.</summary>
    public string PrivateKey => File.ReadAllText(_folder.PathOf("user"));

    /// <summary>What its own key is.</summary>
    public string Fingerprint { get; private set; } = "";

    /// <summary>A target that leads to a folder that is not there yet, with the private key.</summary>
    public SftpTarget Target => new()
    {
        Host = "127.0.0.1",
        Port = Port,
        UserName = Environment.UserName,
        PrivateKey = PrivateKey,
        Folder = $"{Home}/team/kept",
    };

    /// <summary>The files in that folder, with those that are not whole yet: name and path.</summary>
    public IReadOnlyDictionary<string, string> Files => Directory.Exists(Target.Folder)
        ? Directory.EnumerateFiles(Target.Folder, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(Target.Folder, file), file => file)
        : new Dictionary<string, string>();

    /// <summary>The folder that logins lead to.</summary>
    public string Home => _folder.PathOf("home");

    /// <summary>Starts one.</summary>
    public static async Task<SftpServer> StartAsync()
    {
        var server = new SftpServer();
        var folder = server._folder;
        Directory.CreateDirectory(server.Home);
        await RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.PathOf("host"));
        await RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.PathOf("user"));
        server.Fingerprint = (await RunAsync("ssh-keygen", "-l", "-f", folder.PathOf("host.pub"))).Split(' ')[1];
        var hash = (await RunAsync("openssl", "passwd", "-6", Password)).Trim();
        await File.WriteAllTextAsync(folder.PathOf("shadow"), $"{Environment.UserName}:{hash}:19000:0:99999:7:::\nsshd:*:19000:0:99999:7:::\n");
        server._server = await LoopbackServer.StartAsync(server.StartOn);
        return server;
    }

    /// <summary>Starts after a stop, with everything it had.</summary>
    public Task StartAgainAsync() => _server.StartAgainAsync();

    /// <summary>Stops as if the machine had gone, with all its connections.</summary>
    public void Kill() => _server.Kill();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private ProcessStartInfo StartOn(int port)
    {
        File.WriteAllText(_folder.PathOf("config"), string.Create(CultureInfo.InvariantCulture, $"""
            Port {port}
            ListenAddress 127.0.0.1
            HostKey {_folder.PathOf("host")}
            PidFile none
            AuthorizedKeysFile {_folder.PathOf("user.pub")}
            StrictModes no
            UsePAM no
            PermitRootLogin yes
            AllowUsers {Environment.UserName}
            AllowTcpForwarding no
            MaxStartups 100
            Subsystem sftp internal-sftp
            ForceCommand internal-sftp -d {Home}
            """));
        const string Script = """
            mount --make-rprivate / && mount --bind "$1/shadow" /etc/shadow && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd \
              && exec /usr/sbin/sshd -D -e -f "$1/config"
            """;
        string[] words = ["unshare", "--mount", "sh", "-c", Script, "sshd", _folder.Path];
        return Environment.UserName == "root"
            ? new ProcessStartInfo(words[0], words[1..])
            : new ProcessStartInfo("sudo", ["-n", .. words]);
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} failed: {await errors}");
    }
}
