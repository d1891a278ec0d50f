namespace Roomcast.Rtmp.Connection;

/// <summary>Bytes sent to a peer, and how many of them it has acknowledged.</summary>
/// <remarks>
/// An acknowledgement tells the bytes received so far modulo 2^32 (RTMP 1.0, section 5.4.3). Not every peer counts so: nginx-rtmp goes back
/// to 0 from 0xF0000000, and read modulo 2^32 its next number would be a step of 268 million bytes that were never sent. A number that is
/// lower than the one before and is no wrap therefore counts anew, from all that was sent by then. Some of it may still be on its
/// way, so that the peer seems ahead later on, by which that is put right.
/// </remarks>
internal sealed class SentBytes
{
    private uint _last;
    private uint _base;

    /// <summary>Bytes sent since the beginning.</summary>
    public long Sent { get; private set; }

    /// <summary>Bytes sent that are not acknowledged; null while nothing was acknowledged.</summary>
    public long? Unacknowledged { get; private set; }

    /// <summary>How often the peer has acknowledged.</summary>
    public long Acknowledgements { get; private set; }

    /// <summary>Most bytes that one acknowledgement confirmed.</summary>
    public long LargestStep { get; private set; }

    /// <summary>Notes bytes that were sent.</summary>
    public void Add(int count)
    {
        Sent += count;
        if (Unacknowledged is not null)
        {
            Unacknowledged = Math.Max(0, Behind);
        }
    }

    /// <summary>Notes what the peer says that it has received.</summary>
    public void Acknowledge(uint received)
    {
        var step = unchecked((int)(received - _last));
        var isAnew = received < _last && (step < 0 || step > Behind);
        if (!isAnew)
        {
            LargestStep = Math.Max(LargestStep, step);
        }

        _last = received;
        if (isAnew || Behind < 0)
        {
            _base = unchecked((uint)Sent - received);
        }

        Unacknowledged = Behind;
        Acknowledgements++;
    }

    private int Behind => unchecked((int)((uint)Sent - _base - _last));
}
