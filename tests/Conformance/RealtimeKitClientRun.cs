using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.TestKit;

namespace Roomcast.Conformance;

/// <summary>What the official client needs to know of a server; written as a file for the Node program.</summary>
/// <param name="Origin">For example <c>http://127.0.0.1:8080</c>.</param>
/// <param name="AccountId">An account.</param>
/// <param name="AppId">An app of it.</param>
/// <param name="WriteToken">A token that may change it.</param>
/// <param name="ReadToken">A token that may only read it.</param>
/// <param name="OtherAccountId">An account that the tokens give no right to.</param>
/// <param name="LiveLivestreamId">A livestream of the app that is on air and stays so.</param>
/// <param name="SessionId">A session of the app that has ended, with one peer, one chat message, a transcript and a summary.</param>
/// <param name="PeerId">The peer.</param>
public sealed record ServerFacts(
    string Origin,
    string AccountId,
    string AppId,
    string WriteToken,
    string ReadToken,
    string OtherAccountId,
    string LiveLivestreamId,
    string SessionId,
    string PeerId)
{
    /// <summary>Names the server without its tokens.</summary>
    public override string ToString() => Origin;
}

/// <summary>Runs the official client, unmodified, against a server.</summary>
/// <remarks>
/// The client comes from npm by its lock file, once for each change of that file. Node.js and npm are needed; where they are
/// missing the tests fail and say how to install them.
/// </remarks>
public static class RealtimeKitClientRun
{
    private const string HowToInstall = "Install them with: apt-get install nodejs npm";

    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(5);

    private static readonly string Folder = RepositoryFiles.PathOf("tests", "Conformance", "realtimekit");

    /// <summary>Runs every check.</summary>
    /// <returns>By the check's name: null when it passed, otherwise what went wrong.</returns>
    public static async Task<IReadOnlyDictionary<string, string?>> RunAsync(ServerFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var lines = await RunAsync("conformance.mjs", new JsonObject
        {
            ["origin"] = facts.Origin,
            ["accountId"] = facts.AccountId,
            ["appId"] = facts.AppId,
            ["writeToken"] = facts.WriteToken,
            ["readToken"] = facts.ReadToken,
            ["otherAccountId"] = facts.OtherAccountId,
            ["liveLivestreamId"] = facts.LiveLivestreamId,
            ["sessionId"] = facts.SessionId,
            ["peerId"] = facts.PeerId,
        });
        return lines.ToDictionary(check => check["name"]!.GetValue<string>(), check => check["fault"]?.GetValue<string>());
    }

    /// <summary>Runs one program of the client's folder.</summary>
    /// <param name="program">Its file; it is given the path of a file with the facts.</param>
    /// <param name="facts">What it needs to know.</param>
    /// <returns>The lines that it wrote, each of them JSON.</returns>
    public static async Task<IReadOnlyList<JsonNode>> RunAsync(string program, JsonObject facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        await InstallAsync();
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("facts.json");
        await File.WriteAllTextAsync(path, facts.ToJsonString());
        var output = await RunAsync("node", RunLimit, program, path);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    private static async Task InstallAsync()
    {
        var wanted = Path.Combine(Folder, "package-lock.json");
        var installed = Path.Combine(Folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installed) || File.GetLastWriteTimeUtc(installed) < File.GetLastWriteTimeUtc(wanted))
        {
            await RunAsync("npm", InstallLimit, "ci", "--no-audit", "--no-fund");
        }
    }

    private static async Task<string> RunAsync(string program, TimeSpan limit, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What is set around the tests must not change what the client does.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("CLOUDFLARE_", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException(
                $"{program} is not installed: the conformance tests need Node.js 18 or later and npm. {HowToInstall}");
        }

        using (process)
        {
            using var overtime = new CancellationTokenSource(limit);
            var output = process.StandardOutput.ReadToEndAsync(overtime.Token);
            var errors = process.StandardError.ReadToEndAsync(overtime.Token);
            try
            {
                await process.WaitForExitAsync(overtime.Token);
                return process.ExitCode == 0
                    ? await output
                    : throw new InvalidOperationException($"{program} ended with {process.ExitCode}:\n{await output}\n{await errors}");
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw new TimeoutException($"{program} took longer than {limit}.");
            }
        }
    }
}
