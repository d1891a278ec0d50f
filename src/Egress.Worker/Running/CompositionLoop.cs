using Roomcast.Egress.Composition;
using Roomcast.Egress.Composition.Wire;
using Roomcast.Egress.Worker.Intake;

namespace Roomcast.Egress.Worker.Running;

/// <summary>The composing thread: takes in what came, and makes each picture on time whatever comes or does not.</summary>
internal sealed class CompositionLoop(ServerLink link, ISceneComposer composer, CompositionFormat format, TimeProvider time)
{
    private static readonly TimeSpan FigureInterval = TimeSpan.FromSeconds(1);

    private readonly SessionIntake _intake = new();
    private readonly TickSchedule _ticks = new(format.FrameRate);
    private readonly ProcessFigures _process = new();
    private readonly long _began = time.GetTimestamp();
    private TimeSpan _nextFigures = FigureInterval;
    private TimeSpan _longestDelay;

    private TimeSpan Now => time.GetElapsedTime(_began);

    /// <summary>Composes until the server has enough or is gone.</summary>
    public void Run()
    {
        while (!link.IsOver)
        {
            var wait = _ticks.Due - Now;
            if (wait > TimeSpan.Zero)
            {
                // Rounded up, so that waking early does not spin; half a millisecond is less than the system's own lateness.
                link.HasInput.WaitOne((int)Math.Ceiling(wait.TotalMilliseconds));
            }

            Step();
        }
    }

    /// <summary>Takes in what came, and makes the next picture if it is due.</summary>
    internal void Step()
    {
        TakeInput();
        if (!_ticks.TryTake(Now, out var number, out var due))
        {
            return;
        }

        _intake.Advance(due, composer);
        composer.Tick(number);
        var delay = Now - due;
        _longestDelay = delay > _longestDelay ? delay : _longestDelay;
        if (Now >= _nextFigures)
        {
            TellFigures();
        }

        link.Flush();
    }

    private void TakeInput()
    {
        if (link.Inbox.TakeScene() is { } scene)
        {
            _intake.SetScene(scene);
            composer.SetScene(scene);
        }

        while (link.Inbox.TryTake(out var packet))
        {
            var arrivedAt = time.GetElapsedTime(_began, packet.ArrivedAt);
            _intake.Take(packet.Buffer.Span, packet.IsRtcp, arrivedAt < TimeSpan.Zero ? TimeSpan.Zero : arrivedAt);
            packet.Buffer.Release();
        }

        if (link.Inbox.TakePing() is { } ping)
        {
            link.SendPong(ping);
            link.Flush();
        }
    }

    private void TellFigures()
    {
        _nextFigures = Now + FigureInterval;
        var (cpu, memoryBytes) = _process.Read(time);
        link.SendJson(WireKind.Figures, new WireFigures
        {
            Cpu = cpu,
            MemoryBytes = memoryBytes,
            Ticks = _ticks.Made,
            LateTicks = _ticks.Late,
            SkippedTicks = _ticks.Skipped,
            TickDelayMs = Math.Round(_longestDelay.TotalMilliseconds, 1),
            StrayPackets = _intake.StrayPackets + link.Inbox.Dropped,
            Tracks = _intake.Figures(),
        });
        _longestDelay = TimeSpan.Zero;
    }
}
