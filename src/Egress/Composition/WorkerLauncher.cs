using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Roomcast.Egress.Composition;

/// <summary>Starts workers.</summary>
internal interface IWorkerLauncher
{
    /// <summary>Starts one and waits until it has connected.</summary>
    /// <exception cref="CompositionException">It cannot be started, or ended before it connected.</exception>
    ValueTask<IWorker> StartAsync(CancellationToken cancellationToken);
}

/// <summary>A worker that runs. Disposing of it ends it, whatever it does.</summary>
internal interface IWorker : IAsyncDisposable
{
    /// <summary>The connection.</summary>
    Stream Stream { get; }

    /// <summary>Its process.</summary>
    int ProcessId { get; }

    /// <summary>How long its composing thread has waited for a processor since its start; zero where that is not known.</summary>
    TimeSpan WaitedToRun { get; }

    /// <summary>Ends it at once.</summary>
    void Kill();

    /// <summary>Waits until it has ended, and says how: its exit code and what it wrote to its error output.</summary>
    Task<string> WhenEndedAsync(CancellationToken cancellationToken);
}

/// <summary>Starts the worker's program, each with a socket of its own in a folder that is nobody else's.</summary>
/// <param name="options">Where the program is, and how modest it is to be.</param>
/// <param name="more">Arguments besides: what the worker is to do other than composing; null for none.</param>
internal sealed class WorkerLauncher(IOptions<CompositionOptions> options, string[]? more = null) : IWorkerLauncher
{
    private const string Program = "Roomcast.Egress.Worker.dll";

    /// <inheritdoc/>
    public async ValueTask<IWorker> StartAsync(CancellationToken cancellationToken)
    {
        var path = options.Value.WorkerPath ?? Path.Combine(AppContext.BaseDirectory, Program);
        if (!File.Exists(path))
        {
            throw new CompositionException(CompositionRefusal.WorkerFailed, $"The composing worker is not at {path}.");
        }

        // Created with mode 0700. The name is short: a socket's path may have 107 bytes.
        var folder = Directory.CreateTempSubdirectory("roomcast-");
        WorkerProcess? worker = null;
        try
        {
            var socketPath = Path.Combine(folder.FullName, "s");
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(socketPath));
            listener.Listen(1);
            worker = new WorkerProcess(Begin(path, socketPath));
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var accepting = listener.AcceptAsync(limit.Token).AsTask();
            var ended = worker.WhenEndedAsync(limit.Token);
            if (await Task.WhenAny(accepting, ended) == ended && !ended.IsCanceled)
            {
                await limit.CancelAsync();
                throw new CompositionException(
                    CompositionRefusal.WorkerFailed, $"The composing worker ended before it connected: {await ended}");
            }

            worker.Connect(await accepting);
            await limit.CancelAsync();
            return worker;
        }
        catch (Exception fault) when (fault is Win32Exception or SocketException or IOException)
        {
            await DisposeOf(worker);
            throw new CompositionException(CompositionRefusal.WorkerFailed, $"The composing worker at {path} cannot be started: {fault.Message}", fault);
        }
        catch
        {
            await DisposeOf(worker);
            throw;
        }
        finally
        {
            // Once connected, the socket needs no name.
            folder.Delete(recursive: true);
        }
    }

    private static ValueTask DisposeOf(WorkerProcess? worker) => worker?.DisposeAsync() ?? ValueTask.CompletedTask;

    private Process Begin(string path, string socketPath)
    {
        string[] arguments = [socketPath, "--nice", options.Value.Nice.ToString(CultureInfo.InvariantCulture), .. more ?? []];
        var start = path.EndsWith(".dll", StringComparison.Ordinal)
            ? new ProcessStartInfo(DotnetHost, [path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        // A worker is one busy thread and a few idle ones; its heap stays small.
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        return Process.Start(start) ?? throw new Win32Exception();
    }

    private static string DotnetHost =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";

    private sealed class WorkerProcess : IWorker
    {
        private const int MaxErrorText = 2_000;

        private readonly Process _process;
        private readonly Task<string> _errors;
        private NetworkStream? _stream;

        public WorkerProcess(Process process)
        {
            _process = process;
            _errors = ReadErrorsAsync(process.StandardError);
        }

        public Stream Stream => _stream ?? throw new InvalidOperationException("The worker has not connected.");

        public int ProcessId => _process.Id;

        public TimeSpan WaitedToRun => ReadWaitedToRun(_process.Id);

        public void Connect(Socket socket) => _stream = new NetworkStream(socket, ownsSocket: true);

        public void Kill()
        {
            try
            {
                _process.Kill();
            }
            catch (InvalidOperationException)
            {
                // It has ended already.
            }
        }

        public async Task<string> WhenEndedAsync(CancellationToken cancellationToken)
        {
            await _process.WaitForExitAsync(cancellationToken);
            var errors = await _errors.WaitAsync(cancellationToken);
            return errors.Length == 0 ? $"exit code {_process.ExitCode}" : $"exit code {_process.ExitCode}, {errors}";
        }

        public async ValueTask DisposeAsync()
        {
            Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
            if (_stream is not null)
            {
                await _stream.DisposeAsync();
            }

            _process.Dispose();
        }

        /// <summary>
        /// The second number of /proc/…/schedstat: nanoseconds on a run queue, of the first thread, which composes (Linux,
        /// Documentation/scheduler/sched-stats.rst).
        /// </summary>
        private static TimeSpan ReadWaitedToRun(int processId)
        {
            try
            {
                var fields = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/schedstat")).Split(' ');
                return fields.Length > 1 && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var nanoseconds)
                    ? TimeSpan.FromTicks(nanoseconds / 100)
                    : TimeSpan.Zero;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                return TimeSpan.Zero; // It has ended, or the kernel does not tell.
            }
        }

        /// <summary>Keeps the first of what it says, and reads the rest away, so that it is never held up by saying it.</summary>
        private static async Task<string> ReadErrorsAsync(StreamReader reader)
        {
            var kept = new char[MaxErrorText];
            var length = await reader.ReadBlockAsync(kept);
            var rest = new char[1_024];
            while (length == kept.Length && await reader.ReadAsync(rest) > 0)
            {
            }

            return new string([.. kept.AsSpan(0, length).ToString().Trim().Select(each => char.IsControl(each) ? ' ' : each)]);
        }
    }
}
