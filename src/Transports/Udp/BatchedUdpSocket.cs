using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Roomcast.Rtc;
using static Roomcast.Transports.Udp.LinuxSockets;

namespace Roomcast.Transports.Udp;

/// <summary>A UDP socket by the system calls of Linux that take many datagrams at once.</summary>
/// <remarks>
/// <c>recvmmsg</c> and <c>sendmmsg</c>; runs of datagrams to one destination (<see cref="SendRuns"/>) go as one message that
/// the system cuts up (UDP_SEGMENT). The pieces of a run are gathered from where they lie, so that nothing is copied. An
/// <c>eventfd</c> ends a wait.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed unsafe class BatchedUdpSocket : IUdpSocket
{
    private const int ReceiveLength = 64;

    /// <summary>Sends without joining after the system refused a run; then it is tried again.</summary>
    private const int SendsWithoutRuns = 4096;

    private readonly Socket _socket;
    private readonly int _file;
    private readonly SafeFileHandle _event;
    private readonly UdpAddress _addresses;

    private readonly byte[] _buffers = Pinned<byte>(ReceiveLength * UdpLimits.BufferLength);
    private readonly byte[] _fromAddresses = Pinned<byte>(ReceiveLength * UdpAddress.MaxLength);
    private readonly Piece[] _fromPieces = Pinned<Piece>(ReceiveLength);
    private readonly Message[] _fromMessages = Pinned<Message>(ReceiveLength);
    private readonly byte[] _received = new byte[ReceiveLength];

    private readonly byte[] _toAddresses = Pinned<byte>(SendRuns.MaxDatagrams * UdpAddress.MaxLength);
    private readonly Piece[] _toPieces = Pinned<Piece>(SendRuns.MaxDatagrams);
    private readonly Control[] _toControls = Pinned<Control>(SendRuns.MaxDatagrams);
    private readonly Message[] _toMessages = Pinned<Message>(SendRuns.MaxDatagrams);
    private readonly SendRuns _runs = new();
    private int _sendsWithoutRuns;

    /// <summary>Takes over a bound socket.</summary>
    public BatchedUdpSocket(Socket socket)
    {
        _socket = socket;
        _file = (int)socket.Handle;
        _addresses = new UdpAddress(socket.AddressFamily);
        _event = new SafeFileHandle(CreateEvent(0, EventNonBlocking | EventCloseOnExec), ownsHandle: true);
        if (_event.IsInvalid)
        {
            throw new SocketException(Marshal.GetLastPInvokeError(), "No event could be made (eventfd).");
        }

        for (var i = 0; i < ReceiveLength; i++)
        {
            _fromPieces[i] = new Piece { Start = Pointer(_buffers) + (i * UdpLimits.BufferLength), Length = UdpLimits.BufferLength };
            _fromMessages[i] = new Message
            {
                Address = Pointer(_fromAddresses) + (i * UdpAddress.MaxLength),
                AddressLength = UdpAddress.MaxLength,
                Pieces = Pointer(_fromPieces) + i,
                PieceCount = 1,
            };
        }

        for (var i = 0; i < SendRuns.MaxDatagrams; i++)
        {
            _addresses.Prepare(_toAddresses.AsSpan(i * UdpAddress.MaxLength, UdpAddress.MaxLength));
            _toControls[i] = new Control { Length = Control.UsedLength, Level = LevelUdp, Type = UdpSegment };
            _toMessages[i] = new Message
            {
                Address = Pointer(_toAddresses) + (i * UdpAddress.MaxLength),
                AddressLength = (uint)_addresses.Length,
            };
        }
    }

    /// <inheritdoc/>
    public UdpCounters Counters { get; } = new();

    /// <inheritdoc/>
    public void Wait(TimeSpan? timeout, bool untilWritable)
    {
        var entries = stackalloc PollEntry[2];
        entries[0] = new PollEntry { File = _file, Wanted = (short)(PollIn | (untilWritable ? PollOut : 0)) };
        entries[1] = new PollEntry { File = (int)_event.DangerousGetHandle(), Wanted = PollIn };
        TimeSpec limit = default;
        if (timeout is { } wait)
        {
            limit.Seconds = (nint)(wait.Ticks / TimeSpan.TicksPerSecond);
            limit.Nanoseconds = (nint)(wait.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        }

        // Failures are those of an interrupted wait; the caller's next turn waits again.
        if (Poll(entries, 2, timeout is null ? null : &limit, null) > 0 && entries[1].Happened != 0)
        {
            ulong count;
            _ = Read(_event, &count, sizeof(ulong));
        }
    }

    /// <inheritdoc/>
    public int Receive()
    {
        var count = ReceiveMany(_file, Pointer(_fromMessages), ReceiveLength, FlagDontWait, null);
        var usable = 0;
        for (var i = 0; i < count; i++)
        {
            ref var message = ref _fromMessages[i];
            Counters.ReceivedBytes += message.Length;
            if (message.Length is 0 or UdpLimits.BufferLength || (message.Flags & FlagTruncated) != 0)
            {
                Counters.BadLength++;
            }
            else
            {
                _received[usable++] = (byte)i;
            }

            message.AddressLength = UdpAddress.MaxLength;
            message.Flags = 0;
        }

        Counters.Received += Math.Max(0, count);
        return usable;
    }

    /// <inheritdoc/>
    public Span<byte> Received(int index, out RtcAddress from)
    {
        index = _received[index];
        from = _addresses.Read(_fromAddresses.AsSpan(index * UdpAddress.MaxLength, UdpAddress.MaxLength));
        return _buffers.AsSpan(index * UdpLimits.BufferLength, (int)_fromMessages[index].Length);
    }

    /// <inheritdoc/>
    public bool Send(SendQueue queue)
    {
        while (!queue.IsEmpty)
        {
            var entries = queue.Entries;
            if (!Send(entries[..Math.Min(entries.Length, SendRuns.MaxDatagrams)], Pointer(queue.Bytes)))
            {
                queue.RemoveSent();
                return false;
            }

            queue.RemoveSent();
        }

        return true;
    }

    /// <inheritdoc/>
    public void Wake()
    {
        try
        {
            ulong one = 1;
            _ = Write(_event, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _event.Dispose();
    }

    /// <summary>Sends datagrams and marks those that are done.</summary>
    private bool Send(Span<SendQueue.Entry> entries, byte* bytes)
    {
        var mayJoin = _sendsWithoutRuns == 0;
        if (!mayJoin)
        {
            _sendsWithoutRuns--;
        }

        var count = _runs.Find(entries, mayJoin);
        LayOut(entries, bytes, count);
        var done = 0;
        while (done < count)
        {
            var sent = SendMany(_file, Pointer(_toMessages) + done, (uint)(count - done), FlagDontWait);
            Counters.SendCalls++;
            if (sent > 0)
            {
                for (var i = 0; i < sent; i++)
                {
                    Counters.Sent += _runs[done].Count;
                    Counters.SentBytes += _runs[done].Bytes;
                    Finish(entries, done++);
                }

                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case ErrorInterrupted:
                    break;

                case ErrorAgain:
                    return false;

                default:
                    // Nothing that others do wrong may hold up the rest.
                    SendSingly(entries, bytes, done++);
                    break;
            }
        }

        return true;
    }

    private void LayOut(ReadOnlySpan<SendQueue.Entry> entries, byte* bytes, int count)
    {
        var piece = 0;
        for (var i = 0; i < count; i++)
        {
            ref readonly var run = ref _runs[i];
            ref var message = ref _toMessages[i];
            message.Pieces = Pointer(_toPieces) + piece;
            message.PieceCount = (nuint)run.Count;
            for (var datagram = run.First; datagram >= 0; datagram = _runs.Next(datagram))
            {
                ref readonly var entry = ref entries[datagram];
                _toPieces[piece++] = new Piece { Start = bytes + entry.Start, Length = (nuint)entry.Length };
            }

            if (run.Count > 1)
            {
                _toControls[i].Number = (ushort)run.SegmentLength;
                message.Control = Pointer(_toControls) + i;
                message.ControlLength = (nuint)sizeof(Control);
            }
            else
            {
                message.Control = null;
                message.ControlLength = 0;
            }

            // An address of the other family cannot be written; what stands there instead is no address, and is refused.
            if (!_addresses.TryWrite(_toAddresses.AsSpan(i * UdpAddress.MaxLength, UdpAddress.MaxLength), entries[run.First].To))
            {
                _toAddresses.AsSpan((i * UdpAddress.MaxLength) + 2, 6).Clear();
            }
        }
    }

    /// <summary>Sends the datagrams of a refused message one by one, and drops those that are refused again.</summary>
    private void SendSingly(Span<SendQueue.Entry> entries, byte* bytes, int index)
    {
        var run = _runs[index];
        ref var message = ref _toMessages[index];
        message.PieceCount = 1;
        message.Control = null;
        message.ControlLength = 0;
        var refused = 0;
        for (var datagram = run.First; datagram >= 0; datagram = _runs.Next(datagram))
        {
            *message.Pieces = new Piece { Start = bytes + entries[datagram].Start, Length = (nuint)entries[datagram].Length };
            if (run.Count == 1 || SendMany(_file, Pointer(_toMessages) + index, 1, FlagDontWait) != 1)
            {
                Counters.Unsendable++;
                refused++;
            }
            else
            {
                Counters.Sent++;
                Counters.SentBytes += entries[datagram].Length;
            }
        }

        if (refused < run.Count)
        {
            // It was the run that was refused: by a device that cannot do it, or a path with a small MTU.
            _sendsWithoutRuns = SendsWithoutRuns;
        }

        Finish(entries, index);
    }

    private void Finish(Span<SendQueue.Entry> entries, int index)
    {
        for (var datagram = _runs[index].First; datagram >= 0; datagram = _runs.Next(datagram))
        {
            entries[datagram].Length = 0;
        }
    }

    private static T[] Pinned<T>(int length)
        where T : unmanaged => GC.AllocateArray<T>(length, pinned: true);

    private static T* Pointer<T>(T[] pinned)
        where T : unmanaged => (T*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
}
