using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Roomcast.Client.Media;

/// <summary>FFmpeg's program at work, in a process of its own.</summary>
internal sealed class FfmpegProcess : IAsyncDisposable
{
    private const int LongestComplaint = 2_000;

    private readonly Process _process;
    private readonly Task<string> _complaint;
    private int _isDisposed;

    /// <summary>Starts it.</summary>
    /// <exception cref="FfmpegException">It is not on this machine.</exception>
    public FfmpegProcess(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("ffmpeg", ["-hide_banner", "-loglevel", "error", "-nostdin", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        _process = new Process { StartInfo = start };
        try
        {
            _process.Start();
        }
        catch (Win32Exception missing)
        {
            _process.Dispose();
            throw new FfmpegException("This kind of file needs FFmpeg, whose program (ffmpeg) is not on this machine. On Debian and Ubuntu: apt-get install ffmpeg.", isMissing: true, missing);
        }

        _process.StandardInput.Close();
        _complaint = ReadComplaintAsync(_process.StandardError);
    }

    /// <summary>What it writes.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>What it is told to read: a file and nothing else, unless protocols are named.</summary>
    /// <param name="file">A path, or with protocols an address.</param>
    /// <param name="protocols">The protocols that it and all it names may be opened by; null for files of this machine alone.</param>
    public static string[] ReadingOf(string file, IReadOnlyCollection<string>? protocols)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (protocols is null)
        {
            return ["-protocol_whitelist", "file", "-i", "file:" + file]; // Whatever it looks like, it is a path.
        }

        return protocols.Count > 0 && protocols.All(static name => name.Length > 0 && name.All(static letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter)))
            ? ["-protocol_whitelist", string.Join(',', protocols), "-i", file]
            : throw new ArgumentException("Name one protocol or more, as FFmpeg calls them: small letters and digits.", nameof(protocols));
    }

    /// <summary>Ends it, whatever it does.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // Ended by itself, or let go already.
        }
    }

    /// <summary>Waits until it has ended.</summary>
    /// <param name="hasWorked">Whether something came of it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="FfmpegException">It says that it could not, or nothing came of it.</exception>
    public async Task EndAsync(bool hasWorked, CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        var complaint = await _complaint.ConfigureAwait(false);
        if (_process.ExitCode != 0 || !hasWorked)
        {
            throw new FfmpegException(
                complaint.Length > 0 ? $"FFmpeg cannot read the file: {complaint}" : string.Create(CultureInfo.InvariantCulture, $"FFmpeg ended with code {_process.ExitCode}, and there is nothing of this kind in the file."),
                isMissing: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            Kill();
            await _process.WaitForExitAsync().ConfigureAwait(false);
            await _complaint.ConfigureAwait(false);
            _process.Dispose();
        }
    }

    private static async Task<string> ReadComplaintAsync(StreamReader errors)
    {
        var kept = new char[LongestComplaint];
        var length = 0;
        var spare = new char[256];
        while (true)
        {
            var room = length < kept.Length ? kept.AsMemory(length) : spare;
            var count = await errors.ReadAsync(room).ConfigureAwait(false);
            if (count == 0)
            {
                return new string(kept, 0, length).Trim();
            }

            length = Math.Min(kept.Length, length + (length < kept.Length ? count : 0));
        }
    }
}
