using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace Roomcast.TestKit.Databases;

/// <summary>A PostgreSQL server of the distribution's package on a temporary folder and a free loopback port.</summary>
/// <remarks>
/// It ends with the test process, however that dies: a shell beside it waits for the end of a pipe which only this process holds
/// open, then stops the server and deletes its folder. As root, the server runs as the user <c>postgres</c>, which it insists on.
/// </remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string MakeCluster = """
        umask 077
        mkdir "$1"
        cat > "$1/password"
        exec "$2/initdb" --pgdata="$1/cluster" --username=roomcast --pwfile="$1/password" --auth=scram-sha-256 \
            --encoding=UTF8 --locale=C --no-sync > "$1/initdb.log" 2>&1
        """;

    private const string RunServer = """
        folder=$1
        shift
        "$@" < /dev/null > "$folder/server.log" 2>&1 &
        server=$!
        echo $server
        exec 2> /dev/null
        cat > /dev/null
        kill -QUIT $server
        wait $server
        if [ ! -e "$folder/keep" ]; then rm -rf "$folder"; fi
        """;

    private static readonly Lazy<Task<PostgresServer>> Started = new(() => StartAsync(isDurable: false));

    private readonly string _folder;
    private readonly string _binaries;
    private readonly string _password;
    private readonly bool _isDurable;
    private Process? _keeper;
    private int _serverId;
    private int _port;

    private PostgresServer(string folder, string binaries, string password, bool isDurable)
    {
        _folder = folder;
        _binaries = binaries;
        _password = password;
        _isDurable = isDurable;
    }

    /// <summary>The server that all tests of this process share, started when first asked for.</summary>
    public static Task<PostgresServer> SharedAsync() => Started.Value;

    /// <summary>Starts a server of its own.</summary>
    /// <param name="isDurable">Whether it flushes to the disk as in production; without, it is quicker.</param>
    /// <exception cref="InvalidOperationException">PostgreSQL is not installed, or does not start; the message says what to do.</exception>
    public static async Task<PostgresServer> StartAsync(bool isDurable)
    {
        var binaries = FindBinaries();
        var folder = Path.Combine(Path.GetTempPath(), $"roomcast-postgres-{Guid.NewGuid():N}");
        var server = new PostgresServer(folder, binaries, RandomNumberGenerator.GetHexString(32), isDurable);
        try
        {
            await server.MakeClusterAsync();
            await server.RunAsync(keepsPort: false);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes an empty database, which takes the server some tenths of a second.</summary>
    /// <returns>Its address as a connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"t{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE template0");
        return ConnectionString(name);
    }

    /// <summary>Makes an empty schema, which serves most tests as well as a database and is there at once.</summary>
    /// <returns>The address of a database in which this schema is the only one searched.</returns>
    public async Task<string> CreateSchemaAsync()
    {
        var name = $"t{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE SCHEMA {name}");
        return new NpgsqlConnectionStringBuilder(ConnectionString("postgres")) { SearchPath = name, Pooling = true }.ToString();
    }

    /// <summary>The connection string of a database of this server.</summary>
    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = _port,
        Username = "roomcast",
        Password = _password,
        Database = database,
        Pooling = database != "postgres",
    }.ToString();

    /// <summary>Kills every process of the server at once, as a crash of it would.</summary>
    public async Task KillAsync()
    {
        var victims = new List<int> { _serverId };
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && ParentOf(folder) == _serverId)
            {
                victims.Add(id);
            }
        }

        foreach (var id in victims)
        {
            try
            {
                using var victim = Process.GetProcessById(id);
                victim.Kill();
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // It has ended by itself.
            }
        }

        // One that lingers would keep the shared memory, and with it the next server from starting.
        while (victims.Exists(IsRunning))
        {
            await Task.Delay(10);
        }

        await File.WriteAllTextAsync(Path.Combine(_folder, "keep"), "");
        await StopKeeperAsync();
    }

    /// <summary>Starts the server again on the same folder and port after <see cref="KillAsync"/>.</summary>
    public async Task RestartAsync()
    {
        File.Delete(Path.Combine(_folder, "keep"));
        await RunAsync(keepsPort: true);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopKeeperAsync();

    private static string FindBinaries()
    {
        var candidates = new List<string>();
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            candidates.AddRange(Directory.EnumerateDirectories("/usr/lib/postgresql")
                .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, "bin")));
        }

        candidates.AddRange((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries));
        return candidates.Find(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")))
            ?? throw new InvalidOperationException("These tests need a PostgreSQL server. On Debian and Ubuntu: apt-get install postgresql");
    }

    private static int ParentOf(string processFolder)
    {
        try
        {
            var status = File.ReadAllText(Path.Combine(processFolder, "stat"));
            var afterName = status[(status.LastIndexOf(')') + 2)..].Split(' ');
            return int.Parse(afterName[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // It has ended meanwhile.
        }
    }

    private static ProcessStartInfo Shell(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Environment.IsPrivilegedProcess)
        {
            start.FileName = "setpriv";
            foreach (var argument in new[] { "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", "sh" })
            {
                start.ArgumentList.Add(argument);
            }
        }
        else
        {
            start.FileName = "sh";
        }

        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        start.ArgumentList.Add("sh");
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.WorkingDirectory = "/";
        return start;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names are made by us; they cannot be parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private async Task MakeClusterAsync()
    {
        using var maker = Process.Start(Shell(MakeCluster, _folder, _binaries))!;
        await maker.StandardInput.WriteLineAsync(_password);
        maker.StandardInput.Close();
        await maker.WaitForExitAsync();
        if (maker.ExitCode != 0)
        {
            throw new InvalidOperationException($"PostgreSQL's initdb failed: {ReadLog("initdb.log")}");
        }
    }

    private async Task RunAsync(bool keepsPort)
    {
        const int attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            if (!keepsPort)
            {
                _port = FreePort();
            }

            var arguments = new List<string>
            {
                _folder, Path.Combine(_binaries, "postgres"), "-D", Path.Combine(_folder, "cluster"),
                "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_directories=",
                "-c", string.Create(CultureInfo.InvariantCulture, $"port={_port}"),
                "-c", "shared_buffers=16MB",
                "-c", "max_connections=200",
            };
            if (!_isDurable)
            {
                arguments.AddRange(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]);
            }

            _keeper = Process.Start(Shell(RunServer, [.. arguments]))!;
            _serverId = int.Parse((await _keeper.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
            if (await IsAnsweringAsync())
            {
                return;
            }

            var log = ReadLog("server.log");
            await KillAsync();
            if (attempt == attempts)
            {
                throw new InvalidOperationException($"PostgreSQL does not start: {log}");
            }

            File.Delete(Path.Combine(_folder, "keep"));
        }
    }

    private async Task<bool> IsAnsweringAsync()
    {
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(30);)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
                await connection.OpenAsync();
                return true;
            }
            catch (NpgsqlException) when (IsRunning(_serverId))
            {
                await Task.Delay(50);
            }
            catch (NpgsqlException)
            {
                return false;
            }
        }

        return false;
    }

    private static bool IsRunning(int processId)
    {
        try
        {
            var status = File.ReadAllText($"/proc/{processId}/stat");
            return status[(status.LastIndexOf(')') + 2)..][0] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    private string ReadLog(string name)
    {
        var path = Path.Combine(_folder, name);
        return File.Exists(path) ? File.ReadAllText(path) : "it left no log.";
    }

    private async Task StopKeeperAsync()
    {
        if (_keeper is { } keeper)
        {
            _keeper = null;
            keeper.StandardInput.Close();
            await keeper.WaitForExitAsync();
            keeper.Dispose();
        }
    }
}
