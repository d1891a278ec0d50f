using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;
using Renci.SshNet.Sftp;
using Roomcast.Storage.Outbound;

namespace Roomcast.Storage.Blobs;

/// <summary>Blobs in a folder of a machine that speaks SFTP.</summary>
/// <remarks>
/// A file is written under another name, in pieces of which several are under way at once, for each waits for its answer; then it
/// takes its own name. After a broken connection the pieces that were answered for are not written again. What was given up for good
/// is deleted, if the machine can be reached.
/// </remarks>
internal sealed class SftpBlobs : IOpenStorage
{
    private const int PieceLength = 1 << 20;
    private const int MostWriters = 8;
    private const int MostAddresses = 4;

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CleanupPatience = TimeSpan.FromSeconds(5);

    private readonly SftpTarget _target;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly BlobRetries _retries;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<BlobName, Unfinished> _unfinished = [];
    private SftpClient? _client;

    /// <summary>Blobs in a folder. Nothing is connected to before the first use.</summary>
    public SftpBlobs(SftpTarget target, TimeProvider clock, ILogger logger)
    {
        _target = target;
        _clock = clock;
        _logger = logger;
        _retries = new BlobRetries(target, clock, logger, Translate);
    }

    public async Task StoreAsync(BlobName name, string file, string contentType, CancellationToken cancellationToken)
    {
        await using var content = BlobFile.Open(file);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (!_unfinished.TryGetValue(name, out var upload) || upload.Length != content.Length)
            {
                var folder = string.Concat(_target.Folder, _target.Folder is "" or "/" ? "" : "/", name.Shelf.ToString("D"));
                upload = new Unfinished(folder, $"{folder}/.{name.FileName}.part", $"{folder}/{name.FileName}", content.Length);
                _unfinished[name] = upload;
            }

            try
            {
                await _retries.RunAsync(() => TryAsync(upload, content, cancellationToken), cancellationToken);
                _unfinished.Remove(name);
            }
            catch (Exception fault) when (fault is OperationCanceledException or BlobException { IsWorthRetrying: false })
            {
                _unfinished.Remove(name);
                await DeleteAsync(upload);
                throw;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        Abandon();
        _turn.Dispose();
    }

    private async Task<bool> TryAsync(Unfinished upload, FileStream content, CancellationToken cancellationToken)
    {
        try
        {
            var client = _client ??= await ConnectAsync(cancellationToken);
            await StepAsync(token => MakeFolderAsync(client, upload.Folder, token), cancellationToken);
            await StepAsync(token => LookAgainAsync(client, upload, token), cancellationToken);
            await WriteAsync(client, upload, content, cancellationToken);
            await StepAsync(token => FinishAsync(client, upload, token), cancellationToken);
            return true;
        }
        catch (Exception fault) when (fault is not SftpException and not BlobException and not OperationCanceledException)
        {
            Abandon();
            throw;
        }
    }

    private async Task<SftpClient> ConnectAsync(CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(_target.Host, cancellationToken);
        var open = addresses.Where(address => !_target.IsPublicOnly || OpenInternet.IsPublic(address)).Take(MostAddresses).ToArray();
        if (open.Length == 0)
        {
            throw new PrivateAddressException();
        }

        for (var next = 0; ; next++)
        {
            try
            {
                return await ConnectAsync(open[next], cancellationToken);
            }
            catch (Exception fault) when (next + 1 < open.Length && fault is SocketException or SshOperationTimeoutException)
            {
                // Another of its addresses may do.
            }
        }
    }

    // What was checked is what is connected to: the name is not resolved again.
    private async Task<SftpClient> ConnectAsync(IPAddress address, CancellationToken cancellationToken)
    {
        var client = new SftpClient(new ConnectionInfo(address.ToString(), _target.Port, _target.UserName, Credentials())
        {
            Timeout = ConnectPatience,
            RetryAttempts = 1,
        })
        {
            OperationTimeout = StorageHttp.RequestPatience,
        };
        var isStranger = false;
        client.HostKeyReceived += (_, key) =>
        {
            isStranger = _target.HostKeyFingerprint is { } known && known != SftpTarget.FingerprintStart + key.FingerPrintSHA256.TrimEnd('=');
            key.CanTrust = !isStranger;
        };
        try
        {
            await StepAsync(client.ConnectAsync, cancellationToken);
            return client;
        }
        catch (Exception fault)
        {
            Abandon(client);
            if (isStranger)
            {
                throw new BlobException(BlobFailure.Refused, $"The {_target} has another host key than the one that was given.", fault);
            }

            throw;
        }
    }

    private AuthenticationMethod[] Credentials()
    {
        if (_target.PrivateKey is { } key)
        {
            return [new PrivateKeyAuthenticationMethod(_target.UserName, SftpTarget.ReadKey(key))];
        }

        // Some machines ask for the password only as a question that could be any.
        var password = _target.Password ?? "";
        var asked = new KeyboardInteractiveAuthenticationMethod(_target.UserName);
        asked.AuthenticationPrompt += (_, questions) =>
        {
            foreach (var question in questions.Prompts)
            {
                question.Response = password;
            }
        };
        return [new PasswordAuthenticationMethod(_target.UserName, Encoding.UTF8.GetBytes(password)), asked];
    }

    private static async Task MakeFolderAsync(SftpClient client, string folder, CancellationToken cancellationToken)
    {
        if (await client.ExistsAsync(folder, cancellationToken))
        {
            return;
        }

        for (var end = folder.IndexOf('/', 1); ; end = folder.IndexOf('/', end + 1))
        {
            var part = end < 0 ? folder : folder[..end];
            if (!await client.ExistsAsync(part, cancellationToken))
            {
                await client.CreateDirectoryAsync(part, cancellationToken);
            }

            if (end < 0)
            {
                return;
            }
        }
    }

    // A machine that went down may have lost what it had answered for.
    private static async Task LookAgainAsync(SftpClient client, Unfinished upload, CancellationToken cancellationToken)
    {
        if (upload.Written.Count > 0
            && (!await client.ExistsAsync(upload.PartPath, cancellationToken)
                || (await client.GetAttributesAsync(upload.PartPath, cancellationToken)).Size < upload.EndOfWritten))
        {
            upload.Written.Clear();
        }

        if (upload.Written.Count == 0)
        {
            await using var empty = await client.OpenAsync(upload.PartPath, FileMode.Create, FileAccess.Write, cancellationToken);
        }
    }

    private async Task WriteAsync(SftpClient client, Unfinished upload, FileStream content, CancellationToken cancellationToken)
    {
        var left = new Queue<long>(upload.Pieces.Where(piece => !upload.Written.Contains(piece)));
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var writers = Enumerable.Range(0, Math.Min(MostWriters, left.Count)).Select(_ => WritePiecesAsync()).ToArray();
        try
        {
            await Task.WhenAll(writers);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            // The first one that failed says why; the others were stopped.
            var first = writers.Where(writer => writer.IsFaulted).Select(writer => writer.Exception!.InnerException!).FirstOrDefault() ?? fault;
            if (first is SftpException { StatusCode: StatusCode.Failure } && await IsFullAsync(client, upload, cancellationToken))
            {
                throw new BlobException(BlobFailure.NoRoom, $"The {_target} has no room.");
            }

            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }

        async Task WritePiecesAsync()
        {
            SftpFileStream? stream = null;
            var step = Task.CompletedTask;
            try
            {
                var buffer = new byte[PieceLength];
                await Step(async token => stream = await client.OpenAsync(upload.PartPath, FileMode.Open, FileAccess.Write, token));
                while (Next() is { } piece)
                {
                    var count = await RandomAccess.ReadAsync(content.SafeFileHandle, buffer, piece, failed.Token);
                    await Step(async token =>
                    {
                        stream!.Position = piece;
                        await stream.WriteAsync(buffer.AsMemory(0, count), token);
                        await stream.FlushAsync(token);
                    });
                    lock (left)
                    {
                        upload.Written.Add(piece);
                    }
                }

                await Step(async _ => await stream!.DisposeAsync());
            }
            catch
            {
                await failed.CancelAsync();

                // What was given up waiting for may still write, and a file is no place for two.
                _ = step.ContinueWith(_ => CloseQuietly(stream), TaskScheduler.Default);
                throw;
            }

            Task Step(Func<CancellationToken, Task> what)
            {
                step = Task.Run(() => what(failed.Token), CancellationToken.None);
                return WaitAsync(step, failed.Token);
            }
        }

        long? Next()
        {
            lock (left)
            {
                return left.TryDequeue(out var piece) ? piece : null;
            }
        }
    }

    private static async Task FinishAsync(SftpClient client, Unfinished upload, CancellationToken cancellationToken)
    {
        if ((await client.GetAttributesAsync(upload.PartPath, cancellationToken)).Size != upload.Length)
        {
            upload.Written.Clear();
            throw new IOException("What was written is not all there.");
        }

        try
        {
            client.RenameFile(upload.PartPath, upload.Path, isPosix: true);
        }
        catch (NotSupportedException)
        {
            // Without OpenSSH's extension a name that is taken must be freed first.
            if (await client.ExistsAsync(upload.Path, cancellationToken))
            {
                await client.DeleteFileAsync(upload.Path, cancellationToken);
            }

            await client.RenameFileAsync(upload.PartPath, upload.Path, cancellationToken);
        }
    }

    private async Task<bool> IsFullAsync(SftpClient client, Unfinished upload, CancellationToken cancellationToken)
    {
        try
        {
            SftpFileSystemInformation? disk = null;
            await StepAsync(async token => disk = await client.GetStatusAsync(upload.Folder, token), cancellationToken);
            return disk!.AvailableBlocks * disk.BlockSize < PieceLength;
        }
        catch (Exception fault) when (fault is SshException or NotSupportedException or TimeoutException or IOException)
        {
            return false; // It does not tell.
        }
    }

    private async Task DeleteAsync(Unfinished upload)
    {
        if (_client is not { } client)
        {
            return;
        }

        try
        {
            using var patience = new CancellationTokenSource(CleanupPatience, _clock);
            await StepAsync(token => client.DeleteFileAsync(upload.PartPath, token), patience.Token);
        }
        catch (SftpPathNotFoundException)
        {
            // It had not been begun.
        }
        catch (Exception fault) when (Translate(fault) is not null)
        {
            BlobLog.NotAborted(_logger, _target.ToString(), upload.PartPath);
            Abandon();
        }
    }

    // The library waits for a wedged machine in the middle of a call, so the wait itself is given up.
    private Task StepAsync(Func<CancellationToken, Task> step, CancellationToken cancellationToken) =>
        WaitAsync(Task.Run(() => step(cancellationToken), cancellationToken), cancellationToken);

    private Task WaitAsync(Task step, CancellationToken cancellationToken) => step.WaitAsync(StorageHttp.RequestPatience, _clock, cancellationToken);

    private void Abandon()
    {
        if (_client is { } client)
        {
            _client = null;
            Abandon(client);
        }
    }

    // The connection may be gone, and its file with it; or wedged, so nobody waits for this.
    private static void CloseQuietly(SftpFileStream? stream)
    {
        try
        {
            stream?.Dispose();
        }
        catch (Exception fault) when (fault is SshException or SocketException or TimeoutException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // It was left because of a fault, which is told.
        }
    }

    // Saying goodbye to a wedged machine takes long too.
    private static void Abandon(SftpClient client) => _ = Task.Run(client.Dispose);

    // Without the fault where the machine spoke: it may say anything.
    private BlobException? Translate(Exception fault) => fault switch
    {
        SshAuthenticationException => new BlobException(BlobFailure.Refused, $"The {_target} refuses the login."),
        SftpPermissionDeniedException => new BlobException(BlobFailure.Refused, $"The {_target} gives no right to write."),
        SftpPathNotFoundException => new BlobException(BlobFailure.Refused, $"The {_target} refuses: there is no such folder, and none can be made."),
        SftpException { StatusCode: not (StatusCode.NoConnection or StatusCode.ConnectionLost) } refused => new BlobException(
            BlobFailure.Refused, $"The {_target} refuses: {refused.StatusCode}."),
        SshConnectionException
        {
            DisconnectReason: DisconnectReason.HostNotAllowedToConnect or DisconnectReason.ProtocolVersionNotSupported
                or DisconnectReason.NoMoreAuthenticationMethodsAvailable or DisconnectReason.IllegalUserName,
        } refused => new BlobException(BlobFailure.Refused, $"The {_target} refuses: {refused.DisconnectReason}."),
        SshException or SocketException or TimeoutException or IOException or OperationCanceledException or ObjectDisposedException =>
            new BlobException(BlobFailure.Unreachable, $"The {_target} cannot be reached."),
        _ => null,
    };

    private sealed record Unfinished(string Folder, string PartPath, string Path, long Length)
    {
        /// <summary>Where the pieces begin that were answered for.</summary>
        public HashSet<long> Written { get; } = [];

        public long EndOfWritten => Math.Min(Length, Written.Max() + PieceLength);

        public IEnumerable<long> Pieces
        {
            get
            {
                for (long piece = 0; piece < Length; piece += PieceLength)
                {
                    yield return piece;
                }
            }
        }
    }
}
