using System.Net;
using System.Net.Sockets;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Worker.Native;
using Roomcast.Egress.Worker.Running;

namespace Roomcast.Egress.Worker.Playing;

/// <summary>The life of a player process: from its arguments to its exit code.</summary>
internal static class PlayerRun
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(1);

    /// <summary>Plays until it is over, or the server has enough.</summary>
    /// <param name="socketPath">The server's socket.</param>
    /// <param name="errors">Where wrong use is told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="exit">Ends the process at once, with an exit code.</param>
    /// <returns>The exit code; as those of <see cref="WorkerRun"/>.</returns>
    public static int Run(string socketPath, TextWriter errors, TimeProvider time, Action<int> exit)
    {
        PlayerLink link;
        try
        {
            link = PlayerLink.Connect(socketPath);
        }
        catch (SocketException fault)
        {
            errors.WriteLine($"There is no server at {socketPath}: {fault.Message}");
            return WorkerRun.Unusable;
        }

        var ended = new ManualResetEvent(false); // Not disposed: the reading thread may come to it last.
        using (link)
        {
            link.Begin(over: () =>
            {
                // Nobody is left to play for. Native code may hold every other thread, so the process ends without them.
                if (!ended.WaitOne(EndPatience))
                {
                    exit(WorkerRun.Ended);
                }
            });
            var code = Play(link, time);
            ended.Set();
            return code;
        }
    }

    private static int Play(PlayerLink link, TimeProvider time)
    {
        if (link.WaitForPlay(StartPatience) is not { } play)
        {
            return WorkerRun.Unusable;
        }

        string? fault;
        var code = WorkerRun.Ended;
        try
        {
            if (play.Version != PlaybackWire.CurrentVersion)
            {
                throw new PlayerException($"{PlaybackReasons.PlayerFailed}: the player speaks version {PlaybackWire.CurrentVersion}, the server {play.Version}");
            }

            CodecLibraries.NeedForPlaying();
            using var gateway = new GuardedGateway([.. play.PrivateNetworks.Select(static text => IPNetwork.Parse(text))]);
            using var source = PlayedSource.Open(play, gateway);
            fault = new Player(link, source, play, time).Run();
        }
        catch (PlayerException told)
        {
            fault = told.Message;
        }
        catch (CodecLibraryException missing)
        {
            fault = $"{PlaybackReasons.PlayerFailed}: {missing.Message}";
            code = WorkerRun.Missing;
        }

        link.Send(new WirePlaying { HasEnded = true, Fault = fault is { Length: > PlaybackWire.MaxFault } ? fault[..PlaybackWire.MaxFault] : fault });
        link.Flush();
        return code;
    }
}
