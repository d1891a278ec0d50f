using System.Net.Sockets;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Egress.Worker.Converting;

namespace Roomcast.Egress.Worker.Running;

/// <summary>The life of a worker process: from its arguments to its exit code.</summary>
internal static class WorkerRun
{
    /// <summary>It ended because the server wanted it to, or is gone.</summary>
    public const int Ended = 0;

    /// <summary>The composing failed.</summary>
    public const int Failed = 1;

    /// <summary>The arguments are wrong, or there is no server at the socket.</summary>
    public const int Unusable = 2;

    /// <summary>Something is missing that composing needs.</summary>
    public const int Missing = 3;

    /// <summary>The server said what none of this build says.</summary>
    public const int Broken = 4;

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(2);

    /// <summary>Runs until the server has enough.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="errors">Where wrong use is told; the server logs it.</param>
    /// <param name="makeComposer">What composes.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter errors, MakeComposer makeComposer)
    {
        if (ConversionOrder.TryRead(arguments) is { } order)
        {
            ConversionRun.EndWithServer(Console.OpenStandardInput());
            return ConversionRun.Run(order, Console.Out, errors);
        }

        if (WorkerArguments.TryRead(arguments) is not { } read)
        {
            errors.WriteLine("Usage: Roomcast.Egress.Worker <socket of the server> [--nice 0..19] [--play]. The server starts it; it is of no use by itself.");
            return Unusable;
        }

        Niceness.Set(read.Nice);
        var time = TimeProvider.System;
        if (read.IsPlayer)
        {
            return Playing.PlayerRun.Run(read.SocketPath, errors, time, Environment.Exit);
        }

        ServerLink link;
        try
        {
            link = ServerLink.Connect(read.SocketPath, time);
        }
        catch (SocketException fault)
        {
            errors.WriteLine($"There is no server at {read.SocketPath}: {fault.Message}");
            return Unusable;
        }

        using var ended = new ManualResetEvent(false);
        link.Begin(over: () =>
        {
            // Nobody is left to compose for. Should native code hold the composing thread, the process ends without it.
            if (!ended.WaitOne(EndPatience))
            {
                Environment.Exit(Failed);
            }
        });
        try
        {
            return Compose(link, makeComposer, errors, time);
        }
        finally
        {
            link.Finish(EndPatience);
            ended.Set();
            link.Dispose();
        }
    }

    private static int Compose(ServerLink link, MakeComposer makeComposer, TextWriter errors, TimeProvider time)
    {
        if (!((IAsyncResult)link.Start).AsyncWaitHandle.WaitOne(StartPatience) || !link.Start.IsCompletedSuccessfully)
        {
            if (link.Broken is not { } unread)
            {
                return Unusable;
            }

            errors.WriteLine(unread); // To whom nothing was sent so far, no fault can be.
            return Broken;
        }

        var start = link.Start.GetAwaiter().GetResult();
        ISceneComposer composer;
        try
        {
            if (start.Version != WireStart.CurrentVersion)
            {
                throw new ComposingException($"The worker speaks version {WireStart.CurrentVersion}, the server {start.Version}: they are of different builds.");
            }

            composer = makeComposer(start, link);
        }
        catch (ComposingException missing)
        {
            link.SendJson(WireKind.Ready, new WireReady(WireStart.CurrentVersion, Environment.ProcessId, missing.Message));
            return Missing;
        }

        using (composer)
        {
            link.SendJson(WireKind.Ready, new WireReady(WireStart.CurrentVersion, Environment.ProcessId, Missing: null));
            link.Flush();
            try
            {
                new CompositionLoop(link, composer, start.Format, time).Run();
                if (link.Broken is { } broken)
                {
                    link.SendFault(broken);
                    return Broken;
                }

                return Ended;
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // Whatever it is, the process is what can be thrown away; the server logs the fault and starts another.
                link.SendFault($"{fault.GetType().Name}: {fault.Message}");
                return Failed;
            }
        }
    }
}
