using System.Diagnostics;

namespace Roomcast.Interop.Meetings;

/// <summary>Has browsers trust the server's own authority, as a person does who imports <c>ca.pem</c>.</summary>
internal static class BrowserTrust
{
    /// <summary>Makes a home folder in which Chromium trusts an authority.</summary>
    public static async Task MakeHomeAsync(string home, string authority)
    {
        // Which of the two it reads depends on its version.
        foreach (var folder in new[] { Path.Combine(home, ".pki", "nssdb"), Path.Combine(home, ".local", "share", "pki", "nssdb") })
        {
            Directory.CreateDirectory(folder);
            await AddAuthorityAsync(folder, authority);
        }
    }

    /// <summary>Adds an authority to a certificate database, which Firefox has in its profile.</summary>
    public static async Task AddAuthorityAsync(string folder, string authority)
    {
        await RunAsync("-N", "-d", $"sql:{folder}", "--empty-password");
        await RunAsync("-A", "-d", $"sql:{folder}", "-n", "Roomcast", "-t", "C,,", "-i", authority);
    }

    private static async Task RunAsync(params string[] arguments)
    {
        using var certutil = new Process
        {
            StartInfo = new ProcessStartInfo("certutil", arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        try
        {
            certutil.Start();
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            throw new InvalidOperationException("certutil is missing. On Debian: apt-get install libnss3-tools.", fault);
        }

        var said = await Task.WhenAll(certutil.StandardOutput.ReadToEndAsync(), certutil.StandardError.ReadToEndAsync());
        await certutil.WaitForExitAsync();
        if (certutil.ExitCode != 0)
        {
            throw new InvalidOperationException($"certutil ended with {certutil.ExitCode}: {string.Concat(said)}");
        }
    }
}
