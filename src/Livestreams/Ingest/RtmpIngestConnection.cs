using Microsoft.Extensions.Logging;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.Transports.Tcp;

namespace Roomcast.Livestreams.Ingest;

/// <summary>What all connections of the ingest share.</summary>
internal sealed record RtmpIngestSettings(
    IIngestGate Gate, IngestOptions Options, TimeProvider Clock, IngestMetrics Metrics, ILogger Logger, CancellationToken Stopping);

/// <summary>One encoder's connection, from the handshake to the last word: moves bytes between socket and engine, asks the gate, and feeds the intake.</summary>
/// <remarks>One loop owns all of it. It waits only for bytes, for the gate, and for its own bytes to be sent.</remarks>
internal sealed class RtmpIngestConnection : IDisposable
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(1);

    private readonly TcpConnection _tcp;
    private readonly string _protocol;
    private readonly RtmpIngestSettings _settings;
    private readonly RtmpServerConnection _engine;
    private readonly string _remoteAddress;
    private readonly long _startedAt;

    private IngestPublisher? _publisher;
    private MediaIntake? _intake;
    private CancellationTokenRegistration _ending;
    private TimeSpan _lastReport;
    private long _reportedFrames;
    private long _reportedDrops;
    private long _reportedJumps;
    private bool _hasToldTracks;
    private bool _isOver;
    private TimeSpan _windowStart;
    private long _windowBytes;

    public RtmpIngestConnection(TcpConnection tcp, string protocol, RtmpIngestSettings settings)
    {
        _tcp = tcp;
        _protocol = protocol;
        _settings = settings;
        _remoteAddress = tcp.RemoteEndPoint.Address.ToString();
        _startedAt = settings.Clock.GetTimestamp();
        _engine = new RtmpServerConnection(new RtmpLimits
        {
            MaxMessageBytes = settings.Options.MaxFrameBytes,
            MaxBufferedBytes = 2 * settings.Options.MaxFrameBytes,
        });
    }

    private TimeSpan Now => _settings.Clock.GetElapsedTime(_startedAt);

    private IngestOptions Options => _settings.Options;

    public async Task RunAsync()
    {
        using var stopping = _settings.Stopping.UnsafeRegister(static state => ((TcpConnection)state!).Interrupt(), _tcp);
        try
        {
            _tcp.Allow(Options.HandshakeTimeout);
            await ServeAsync();
            if (!_isOver)
            {
                EndBySocket();
            }
        }
        catch
        {
            Leave(IngestEndReason.ConnectionClosed, "a fault of the server");
            _engine.End(IngestStatuses.OurFault);
            throw; // To be logged by the listener.
        }
        finally
        {
            _tcp.Allow(Options.CloseLinger);
            await FlushAsync();
            await _tcp.CloseAsync(Options.CloseLinger);
        }
    }

    public void Dispose()
    {
        _ending.Dispose();
        _intake?.Dispose();
        _engine.Dispose();
    }

    /// <summary>Serves until no more bytes come, or until the connection is over for a reason of its own.</summary>
    private async Task ServeAsync()
    {
        var wasHandshakeDone = false;
        while (!_isOver)
        {
            var received = await _tcp.ReceiveAsync();
            if (received.IsEmpty)
            {
                return;
            }

            if (_intake is not null)
            {
                _tcp.Allow(Options.IdleTimeout);
            }

            while (!_isOver)
            {
                var used = _engine.Read(received.Span, out var happened);
                received = received[used..];
                if (happened.Kind is RtmpServerEventKind.None)
                {
                    break;
                }

                if (happened.Kind is RtmpServerEventKind.Media)
                {
                    OnMedia(happened.Media);
                }
                else
                {
                    await OnEventAsync(happened);
                }
            }

            if (!wasHandshakeDone && _engine.IsHandshakeDone)
            {
                wasHandshakeDone = true;
                _tcp.Allow(Options.PublishTimeout);
            }

            if (_intake is not null)
            {
                Watch(Now);
            }

            await FlushAsync();
        }
    }

    private void OnMedia(RtmpMedia media)
    {
        // The engine hands out media only of a publisher that was accepted.
        RtmpStatus? refusal;
        try
        {
            refusal = _intake!.Take(media, Now);
        }
        finally
        {
            media.Buffer.Release();
        }

        if (refusal is not null)
        {
            Reject(refusal, "Unsupported");
        }
    }

    private async ValueTask OnEventAsync(RtmpServerEvent happened)
    {
        switch (happened.Kind)
        {
            case RtmpServerEventKind.PublishRequested:
                await FlushAsync();
                await AdmitAsync(happened.Publish!);
                break;

            case RtmpServerEventKind.PublishEnded:
                Leave(IngestEndReason.ConnectionClosed, "unpublished");
                _tcp.Allow(Options.PublishTimeout);
                break;

            case RtmpServerEventKind.Ended:
                _settings.Metrics.Faulted(happened.Fault);
                IngestLog.ProtocolBroken(_settings.Logger, _protocol, _remoteAddress, happened.Fault);
                Leave(IngestEndReason.ConnectionClosed, "protocol broken");
                _isOver = true;
                break;

            default:
                break; // Connect was answered by the engine; metadata is not believed.
        }
    }

    private async ValueTask AdmitAsync(RtmpPublishRequest publish)
    {
        var encoder = Printable(publish.Encoder);
        var key = StreamKeys.Find(publish);
        if (key.Length == 0)
        {
            Refuse(IngestStatuses.NoKey, encoder, "NoKey");
            return;
        }

        IngestAdmission admission;
        try
        {
            // Bytes that come meanwhile wait in the socket.
            _tcp.Allow(Options.AdmissionTimeout + Options.PublishTimeout);
            using var limit = new CancellationTokenSource(Options.AdmissionTimeout, _settings.Clock);
            admission = await _settings.Gate.AdmitAsync(new IngestRequest(key, _protocol, _remoteAddress, encoder), limit.Token);
        }
        catch (Exception fault)
        {
            // The store is down or slow: this encoder is told to come back, others are not touched.
            IngestLog.AdmissionFailed(_settings.Logger, fault, _protocol, _remoteAddress);
            Refuse(IngestStatuses.Of(IngestRefusal.Unavailable), encoder, "Failed");
            return;
        }

        if (admission.Publisher is not { } publisher)
        {
            var refusal = admission.Refusal ?? IngestRefusal.Unavailable;
            Refuse(IngestStatuses.Of(refusal), encoder, refusal.ToString());
            return;
        }

        IngestLog.Admitted(_settings.Logger, publisher.LivestreamId, encoder ?? "an unnamed encoder", _protocol, _remoteAddress);
        _settings.Metrics.Admitted(_protocol);
        _publisher = publisher;
        _intake = new MediaIntake(Options, publisher);
        _hasToldTracks = false;
        _reportedFrames = _reportedDrops = _reportedJumps = 0;
        _windowStart = _lastReport = Now;
        _windowBytes = _tcp.BytesReceived;
        _tcp.Prove();
        _tcp.Allow(Options.IdleTimeout);
        _ending = publisher.Ending.UnsafeRegister(static state => ((TcpConnection)state!).Interrupt(), _tcp);
        _engine.AcceptPublish();
        await FlushAsync();
    }

    private void Refuse(RtmpStatus status, string? encoder, string reason)
    {
        IngestLog.Refused(_settings.Logger, _protocol, _remoteAddress, encoder ?? "an unnamed encoder", status.Description);
        _settings.Metrics.Refused(_protocol, reason);
        _engine.RefusePublish(status);
        _isOver = true;
    }

    /// <summary>Ends a publisher for what it sends.</summary>
    private void Reject(RtmpStatus status, string reason)
    {
        IngestLog.Rejected(_settings.Logger, _publisher!.LivestreamId, status.Description);
        _settings.Metrics.Refused(_protocol, reason);
        Leave(IngestEndReason.ConnectionClosed, reason);
        _engine.End(status);
        _isOver = true;
    }

    /// <summary>Looks after what is due by time: the report, the limit of the bit rate, and the end of the probe.</summary>
    private void Watch(TimeSpan now)
    {
        _intake!.Tick(now);
        if (now - _lastReport >= ReportEvery)
        {
            _lastReport = now;
            Report();
        }

        var window = now - _windowStart;
        if (window < Options.BitrateWindow)
        {
            return;
        }

        var bitrate = (_tcp.BytesReceived - _windowBytes) * 8 / window.TotalSeconds;
        _windowStart = now;
        _windowBytes = _tcp.BytesReceived;
        if (bitrate > Options.MaxBitrateBps)
        {
            Reject(IngestStatuses.TooFast(Options.MaxBitrateBps), "Bitrate");
        }
    }

    private void Report()
    {
        if (!_hasToldTracks && _intake!.HasBegun)
        {
            _hasToldTracks = true;
            IngestLog.TracksFound(_settings.Logger, _publisher!.LivestreamId, string.Join(", ", _intake.Tracks));
        }

        _publisher!.Report(new PublisherMeasurements(_tcp.BytesReceived, _intake!.DroppedFrames, _intake.TimestampJumps));
        _settings.Metrics.Received(
            _intake.PublishedFrames - _reportedFrames, _intake.DroppedFrames - _reportedDrops, _intake.TimestampJumps - _reportedJumps);
        _reportedFrames = _intake.PublishedFrames;
        _reportedDrops = _intake.DroppedFrames;
        _reportedJumps = _intake.TimestampJumps;
    }

    /// <summary>Ends the publisher, if there is one.</summary>
    private void Leave(IngestEndReason reason, string why)
    {
        if (_publisher is not { } publisher)
        {
            return;
        }

        var intake = _intake!;
        try
        {
            intake.End();
            Report();
        }
        finally
        {
            // Whatever went wrong, a publisher that nobody feeds must not stay.
            _publisher = null;
            _intake = null;
            _ending.Dispose();
            intake.Dispose();
            publisher.Close(reason);
            IngestLog.Left(_settings.Logger, publisher.LivestreamId, why, intake.PublishedFrames, intake.DroppedFrames, intake.TimestampJumps);
        }
    }

    /// <summary>Finds out why no more bytes come, ends the publisher with it, and says so to an encoder that can still hear.</summary>
    private void EndBySocket()
    {
        if (_tcp.End is TcpEnd.Interrupted)
        {
            var reason = _publisher is { EndReason: not IngestEndReason.None and var asked } ? asked : IngestEndReason.ServerStopping;
            TellToReturn(reason);
            Leave(reason, reason.ToString());
            _engine.End(IngestStatuses.Of(reason));
        }
        else if (_publisher is not null)
        {
            Leave(IngestEndReason.ConnectionClosed, _tcp.End.ToString());
            if (_tcp.End is TcpEnd.Overdue)
            {
                _settings.Metrics.TimedOut("media");
                _engine.End(IngestStatuses.Silent);
            }
        }
        else
        {
            IngestLog.NeverPublished(_settings.Logger, _protocol, _remoteAddress, _tcp.End);
            if (_tcp.End is TcpEnd.Overdue)
            {
                _settings.Metrics.TimedOut(_engine.IsHandshakeDone ? "publish" : "handshake");
                _engine.End(IngestStatuses.TooSlow);
            }
        }
    }

    private void TellToReturn(IngestEndReason reason)
    {
        if (reason is IngestEndReason.ServerStopping && _engine.Connect is { } connect && connect.Capabilities.HasFlag(RtmpCapabilities.Reconnect))
        {
            _engine.Tell(IngestStatuses.Reconnect);
        }
    }

    private async ValueTask FlushAsync()
    {
        while (_engine.Output is { IsEmpty: false } output)
        {
            await _tcp.SendAsync(output);
            _engine.OutputSent(output.Length);
        }
    }

    // What an encoder calls itself ends up in logs and answers.
    private static string? Printable(string? text)
    {
        const int MaxLength = 128;
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var kept = text.Length > MaxLength ? text.AsSpan(0, MaxLength) : text;
        return string.Create(kept.Length, kept, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = char.IsBetween(source[i], ' ', '~') ? source[i] : '?';
            }
        }).Trim();
    }
}
