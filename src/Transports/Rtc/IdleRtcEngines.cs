using Roomcast.Rtc;

namespace Roomcast.Transports.Rtc;

/// <summary>The null form: engines without a session, for a host whose owner registers none.</summary>
internal sealed class IdleRtcEngines : IRtcEngineFactory
{
    public IRtcEngine Create(RtcWorker worker) => new Idle();

    private sealed class Idle : IRtcEngine
    {
        public TimeSpan? NextDeadline => null;

        public void Handle(Span<byte> datagram, in RtcAddress from, TimeSpan now)
        {
        }

        public void HandleDeadline(TimeSpan now)
        {
        }

        public void Flush(IDatagramSink sink)
        {
        }

        public void OnPathClosed(in RtcAddress path)
        {
        }
    }
}
