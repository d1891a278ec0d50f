using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Recording;

/// <summary>What is to be made of the fragments of a recording by encoding them anew. Paths of null are not made.</summary>
/// <param name="Source">The fragments.</param>
/// <param name="Plan">The recording's plan: codecs, channels and size.</param>
internal sealed record ConversionWish(string Source, RecordingPlan Plan)
{
    /// <summary>Where a WebM file of picture and sound goes.</summary>
    public string? WebMPath { get; init; }

    /// <summary>Where fragments with the same picture and the sound encoded anew go.</summary>
    public string? FragmentsPath { get; init; }

    /// <summary>Where an MP3 file goes.</summary>
    public string? Mp3Path { get; init; }

    /// <summary>Whether anything is to be encoded at all.</summary>
    public bool IsNeeded => (WebMPath ?? FragmentsPath ?? Mp3Path) is not null;

    /// <summary>All that it makes.</summary>
    public IEnumerable<string> Paths => new[] { WebMPath, FragmentsPath, Mp3Path }.OfType<string>();
}

/// <summary>What came of a conversion.</summary>
/// <param name="Duration">How long it plays.</param>
/// <param name="HasSound">Whether there is any sound.</param>
internal sealed record Converted(TimeSpan Duration, bool HasSound);

/// <summary>
/// Encodes recordings anew once they have ended, in a process for each, as modest as there is: one after the other, since what is
/// going on now is more urgent than what is over. Thread-safe.
/// </summary>
internal sealed class RecordingConverter(
    IOptions<CompositionOptions> composition,
    IOptions<RecordingOptions> options,
    RecordingMetrics metrics,
    TimeProvider clock,
    ILogger<RecordingConverter> logger) : IDisposable
{
    private const string Program = "Roomcast.Egress.Worker.dll";
    private const string DiskFull = "The disk of the server is full. What was recorded is kept as it was composed.";
    private const int Nice = 15;
    private const int MaxErrorText = 1_000;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly ConcurrentDictionary<(RecordingVideoCodec?, bool, bool), bool> _checked = new();

    /// <summary>A converter that comes no further for so long is ended, 2 min. One that waits for a processor still comes further.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Looks whether what a plan takes can be encoded here.</summary>
    /// <exception cref="RecordingFault">It cannot; the message says what is missing.</exception>
    public async Task CheckAsync(RecordingPlan plan, CancellationToken cancellationToken)
    {
        var wish = RecordingFiles.ConversionOf(plan, "", "");
        var key = (wish.WebMPath is null ? (RecordingVideoCodec?)null : plan.VideoCodec, wish.FragmentsPath is not null, wish.Mp3Path is not null);
        if (!wish.IsNeeded || _checked.ContainsKey(key))
        {
            return;
        }

        try
        {
            await RunAsync(Names(wish), cancellationToken);
        }
        catch (ConverterException fault)
        {
            RecordingLog.CannotConvert(logger, fault.Message, fault.Said);
            throw new RecordingFault(fault.Message, fault);
        }

        _checked[key] = true;
    }

    /// <summary>Converts, when it is this recording's turn.</summary>
    /// <exception cref="RecordingFault">It failed, in words for the recording's owner. Nothing is left of it.</exception>
    /// <exception cref="OperationCanceledException">Nobody wants it any more; the process is gone.</exception>
    public async Task<Converted> ConvertAsync(RecordingId id, ConversionWish wish, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        var began = clock.GetTimestamp();
        try
        {
            Delete(wish); // Of an attempt that was not brought to its end.
            metrics.Converting(1);
            RecordingLog.Converting(logger, id);
            var done = await RunAsync(["--source", wish.Source, .. Names(wish)], cancellationToken)
                ?? throw new ConverterException("The recording could not be converted: the converter said nothing.");
            metrics.Converted(isDone: true);
            RecordingLog.Converted(logger, id, done.Duration.TotalSeconds, clock.GetElapsedTime(began).TotalSeconds);
            return done;
        }
        catch (ConverterException fault)
        {
            metrics.Converted(isDone: false);
            RecordingLog.NotConverted(logger, id, fault.Message, fault.Said);
            Delete(wish);
            throw new RecordingFault(fault.Message, fault);
        }
        catch
        {
            Delete(wish);
            throw;
        }
        finally
        {
            metrics.Converting(-1);
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private static void Delete(ConversionWish wish)
    {
        foreach (var path in wish.Paths)
        {
            RecordingFiles.DeleteQuietly(path);
        }
    }

    private static string DotnetHost =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";

    private List<string> Names(ConversionWish wish)
    {
        var format = composition.Value.FormatOf(wish.Plan.Width, wish.Plan.Height);
        List<string> arguments = [];
        Add(wish.Plan.VideoCodec is RecordingVideoCodec.Vp9 ? "--vp9" : "--vp8", wish.WebMPath);
        Add("--aac", wish.FragmentsPath);
        Add("--mp3", wish.Mp3Path);
        Add("--channels", wish.Plan.IsMono ? "1" : "2");
        Add("--video-bitrate", Text(format.VideoBitrateBps));
        Add("--audio-bitrate", Text(format.AudioBitrateBps));
        Add("--frame-rate", Text(format.FrameRate));
        Add("--min-free", Text(options.Value.MinFreeBytes));
        return arguments;

        static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                arguments.AddRange([name, value]);
            }
        }
    }

    /// <returns>What it said at its end; null when it said nothing and there was nothing to say.</returns>
    private async Task<Converted?> RunAsync(IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        using var process = Begin(names);
        using var patience = new CancellationTokenSource(Patience, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var errors = ReadErrorsAsync(process.StandardError);
        try
        {
            var done = await ReadAsync(process.StandardOutput, patience, ending.Token);
            await process.WaitForExitAsync(ending.Token);
            return process.ExitCode switch
            {
                ConversionWire.Done => done,
                ConversionWire.NoRoom => throw new ConverterException(DiskFull),
                ConversionWire.Missing => throw new ConverterException(FirstLineOf(await errors)) { Said = await errors },
                ConversionWire.Failed when FirstLineOf(await errors) is { Length: > 0 } reason =>
                    throw new ConverterException($"The recording could not be converted: {reason}") { Said = await errors },

                // What else a process says at its end is for the server's owner.
                var code => throw new ConverterException(string.Create(
                    CultureInfo.InvariantCulture, $"The recording could not be converted: the converter ended with code {code}."))
                { Said = await errors },
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await EndAsync(process); // Before it is asked what it said: only then is that all.
            throw new ConverterException("The recording could not be converted: the converter came no further.") { Said = await errors };
        }
        finally
        {
            await EndAsync(process);
        }
    }

    private Process Begin(IReadOnlyList<string> names)
    {
        var path = composition.Value.WorkerPath ?? Path.Combine(AppContext.BaseDirectory, Program);
        if (!File.Exists(path))
        {
            throw new ConverterException("The composing worker is not installed.") { Said = $"It is not at {path}." };
        }

        string[] arguments =
        [
            ConversionWire.Argument, .. names,
            "--nice", Math.Max(Nice, composition.Value.Nice).ToString(CultureInfo.InvariantCulture),
        ];
        var start = path.EndsWith(".dll", StringComparison.Ordinal)
            ? new ProcessStartInfo(DotnetHost, [path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.RedirectStandardInput = true; // It ends when this ends.
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_GCgen0size"] = "1000000"; // Hexadecimal: 16 MiB, where else it would be as large as the processor's cache.
        try
        {
            return Process.Start(start) ?? throw new Win32Exception();
        }
        catch (Win32Exception fault)
        {
            throw new ConverterException("The converter cannot be started.") { Said = $"{path}: {fault.Message}" };
        }
    }

    private async Task<Converted?> ReadAsync(StreamReader output, CancellationTokenSource patience, CancellationToken cancellationToken)
    {
        Converted? done = null;
        long furthest = -1;
        while (await output.ReadLineAsync(cancellationToken) is { } line)
        {
            var words = line.Split(' ');
            if (words.Length < 2 || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                continue;
            }

            if (words[0] == ConversionWire.Result && words.Length >= 3)
            {
                done = new Converted(TimeSpan.FromMilliseconds(number), words[2] == "1");
            }
            else if (words[0] == ConversionWire.Progress && number > furthest)
            {
                furthest = number;
                patience.CancelAfter(Patience);
            }
        }

        return done;
    }

    private static async Task EndAsync(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }

        await process.WaitForExitAsync(CancellationToken.None);
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

        return new string([.. kept.AsSpan(0, length).ToString().Trim().Select(static each => char.IsControl(each) && each != '\n' ? ' ' : each)]);
    }

    private static string FirstLineOf(string said) => said.Split('\n', 2)[0].Trim();

    private sealed class ConverterException(string message) : Exception(message)
    {
        /// <summary>All that it said, for the server's owner.</summary>
        public string Said { get; init; } = "";
    }
}
