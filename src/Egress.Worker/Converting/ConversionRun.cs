using System.Globalization;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Worker.Native;
using Roomcast.Egress.Worker.Running;

namespace Roomcast.Egress.Worker.Converting;

/// <summary>The life of a converter process: from its arguments to its exit code.</summary>
internal static class ConversionRun
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Converts, and tells how far it has come, a line for each time.</summary>
    /// <param name="order">What is wanted.</param>
    /// <param name="output">Where progress is told.</param>
    /// <param name="errors">Where it is told what failed.</param>
    /// <returns>The exit code, one of <see cref="ConversionWire"/>.</returns>
    public static int Run(ConversionOrder order, TextWriter output, TextWriter errors)
    {
        Niceness.Set(order.Nice);
        try
        {
            if (order.Source is null)
            {
                Conversion.Check(order);
                return ConversionWire.Done;
            }

            var time = TimeProvider.System;
            var told = time.GetTimestamp();
            var result = Conversion.Run(order, at =>
            {
                if (time.GetElapsedTime(told) >= ProgressInterval)
                {
                    told = time.GetTimestamp();
                    Tell(output, ConversionWire.Progress, at, []);
                }
            });
            Tell(output, ConversionWire.Result, result.Duration, [result.HasSound ? 1 : 0, result.Damaged]);
            return ConversionWire.Done;
        }
        catch (CodecLibraryException missing)
        {
            return Fail(errors, missing.Message, ConversionWire.Missing);
        }
        catch (NoRoomException full)
        {
            return Fail(errors, full.Message, ConversionWire.NoRoom);
        }
        catch (Exception fault) when (fault is ConversionException or IOException or UnauthorizedAccessException)
        {
            return Fail(errors, fault.Message, ConversionWire.Failed);
        }
    }

    /// <summary>Ends the process as soon as the server is gone: that closes what the process reads from.</summary>
    public static void EndWithServer(Stream input)
    {
        new Thread(() =>
        {
            try
            {
                var scratch = new byte[64];
                while (input.Read(scratch) > 0)
                {
                }
            }
            catch (IOException)
            {
                // Gone as well.
            }

            Environment.Exit(ConversionWire.Failed);
        })
        { IsBackground = true, Name = "Server" }.Start();
    }

    private static int Fail(TextWriter errors, string message, int code)
    {
        errors.WriteLine(message);
        return code;
    }

    private static void Tell(TextWriter output, string word, TimeSpan at, ReadOnlySpan<long> more)
    {
        var line = string.Create(CultureInfo.InvariantCulture, $"{word} {(long)at.TotalMilliseconds}");
        foreach (var one in more)
        {
            line += string.Create(CultureInfo.InvariantCulture, $" {one}");
        }

        output.WriteLine(line);
        output.Flush();
    }
}
