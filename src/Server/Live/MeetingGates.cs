using Roomcast.Meetings.Records;

namespace Roomcast.Server.Live;

/// <summary>One gate for each meeting of which something is being done, so that it is done one after the other, and no meeting waits for another.</summary>
/// <remarks>Who asks first enters first: <see cref="EnterAsync"/> takes its place in the queue before it returns.</remarks>
internal sealed class MeetingGates
{
    private readonly Lock _lock = new();
    private readonly Dictionary<MeetingId, Gate> _gates = [];

    /// <summary>Waits until nobody else is inside.</summary>
    /// <returns>What leaves the gate when it is disposed of.</returns>
    public async Task<IDisposable> EnterAsync(MeetingId meetingId, CancellationToken cancellationToken)
    {
        Gate? gate;
        Task entering;
        lock (_lock)
        {
            if (!_gates.TryGetValue(meetingId, out gate))
            {
                gate = _gates[meetingId] = new Gate(this, meetingId);
            }

            gate.Users++;
            entering = gate.Semaphore.WaitAsync(cancellationToken);
        }

        try
        {
            await entering;
        }
        catch
        {
            Forget(gate);
            throw;
        }

        return gate;
    }

    private void Forget(Gate gate)
    {
        lock (_lock)
        {
            if (--gate.Users == 0)
            {
                _gates.Remove(gate.MeetingId);
                gate.Semaphore.Dispose();
            }
        }
    }

    private sealed class Gate(MeetingGates gates, MeetingId meetingId) : IDisposable
    {
        public SemaphoreSlim Semaphore { get; } = new(1);

        public MeetingId MeetingId => meetingId;

        /// <summary>Who is inside or waits.</summary>
        public int Users { get; set; }

        public void Dispose()
        {
            Semaphore.Release();
            gates.Forget(this);
        }
    }
}
