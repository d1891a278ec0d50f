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
            var steps = 0L;
            var result = Conversion.Run(order, () =>
            {
                steps++;
                if (time.GetElapsedTime(told) >= ProgressInterval)
                {
                    told = time.GetTimestamp();
                    Tell(output, ConversionWire.Progress, steps);
                }
            });
            Tell(output, ConversionWire.Result, (long)result.Duration.TotalMilliseconds, result.HasSound ? 1 : 0, result.Damaged);
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
        catch (ConversionException fault)
        {
            return Fail(errors, fault.Message, ConversionWire.Failed);
        }
        catch (Exception fault)
        {
            // Its message may name what only the server's owner is to know.
            return Fail(errors, $"The converter failed ({fault.GetType().Name}).\n{fault}", ConversionWire.Failed);
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

    private static void Tell(TextWriter output, string word, params ReadOnlySpan<long> numbers)
    {
        foreach (var number in numbers)
        {
            word += string.Create(CultureInfo.InvariantCulture, $" {number}");
        }

        output.WriteLine(word);
        output.Flush();
    }
}
