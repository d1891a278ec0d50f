using System.Collections.Immutable;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;
using Roomcast.Rtc.Connection;

namespace Roomcast.Client.Media;

/// <content>Both transports: made, lost, and made anew. One that is in use and one that was lost never share a track.</content>
internal sealed partial class MediaSession
{
    /// <summary>Whether a transport is missing that there was.</summary>
    public bool HasLost(bool isSending) => IsEntered && TransportOf(isSending) is null;

    /// <summary>Makes a transport where there is none that is connected.</summary>
    /// <returns>Whether it was made.</returns>
    public async Task<bool> OpenTransportAsync(bool isSending, CancellationToken cancellationToken)
    {
        var opening = isSending ? _sendOpening : _receiveOpening;
        await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (TransportOf(isSending) is { } there)
            {
                if (there.State is RtcConnectionState.Connected)
                {
                    return false;
                }

                Discard(there, isSending);
            }

            var pump = await ConnectAsync(isSending, cancellationToken).ConfigureAwait(false);
            try
            {
                await TakeAsync(pump, isSending, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                pump.Dispose();
                throw;
            }

            return true;
        }
        finally
        {
            opening.Release();
        }
    }

    /// <summary>Replaces a transport that the server no longer has.</summary>
    public Task RenewAsync(bool isSending, CancellationToken cancellationToken)
    {
        if (TransportOf(isSending) is { } pump)
        {
            Discard(pump, isSending);
        }

        return OpenTransportAsync(isSending, cancellationToken);
    }

    private ref TransportPump? TransportOf(bool isSending) => ref isSending ? ref _sending : ref _receiving;

    /// <summary>Lets a transport go. False when it had gone before.</summary>
    private bool Discard(TransportPump pump, bool isSending)
    {
        if (Interlocked.CompareExchange(ref TransportOf(isSending), null, pump) != pump)
        {
            return false;
        }

        pump.Dispose();
        if (!isSending)
        {
            DropAll();
        }

        return true;
    }

    private void DiscardBoth()
    {
        foreach (var isSending in (bool[])[true, false])
        {
            if (TransportOf(isSending) is { } pump)
            {
                Discard(pump, isSending);
            }
        }
    }

    private async Task<TransportPump> ConnectAsync(bool isSending, CancellationToken cancellationToken)
    {
        TransportPump? pump = null;
        pump = new TransportPump(isSending, _link.Time, frame => OnFrame(pump!, frame), _ => OnClosed(pump!, isSending));
        try
        {
            var target = isSending ? Target.Publisher : Target.Subscriber;
            var created = await _link.AskAsync(
                SocketEvent.CreateTransport,
                new CreateTransportRequest
                {
                    Consuming = !isSending,
                    Description = new SessionDescription { Target = target, Type = "offer", Sdp = pump.Do((transport, _) => transport.CreateOffer()) },
                },
                CreateTransportResponse.Parser,
                cancellationToken).ConfigureAwait(false);
            pump.Id = created.TransportId;
            Apply(pump, created.Description);
            await pump.Connected.WaitAsync(ConnectTimeout, _link.Time, cancellationToken).ConfigureAwait(false);
            return pump;
        }
        catch (TimeoutException)
        {
            pump.Dispose();
            throw new RealtimeKitException(RealtimeKitError.MediaFailed, "The server's media address did not answer: a firewall may be in between, or the server tells an address that cannot be reached.");
        }
        catch
        {
            pump.Dispose();
            throw;
        }
    }

    /// <summary>Uses a transport from now on.</summary>
    private async Task TakeAsync(TransportPump pump, bool isSending, CancellationToken cancellationToken)
    {
        if (!isSending)
        {
            // What was received on another transport is to be asked for anew on this one, also what was asked for a moment ago.
            await _receiveNegotiation.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                DropAll();
                _unavailable = ImmutableHashSet<string>.Empty;
                _refusals = 0;
                _receiving = pump;
            }
            finally
            {
                _receiveNegotiation.Release();
            }

            Follow();
        }
        else
        {
            _sending = pump;
        }

        if (_over.IsCancellationRequested || pump.State is RtcConnectionState.Closed)
        {
            OnClosed(pump, isSending); // Who told of it before was not heard: it was not in use yet.
        }
    }

    private void OnClosed(TransportPump pump, bool isSending)
    {
        if (Discard(pump, isSending) && !_over.IsCancellationRequested)
        {
            TransportLost?.Invoke(isSending);
        }
    }
}
