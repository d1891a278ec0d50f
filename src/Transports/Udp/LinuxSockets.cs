using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Roomcast.Transports.Udp;

/// <summary>The system calls of the batched socket. Names, numbers and layouts are those of Linux on 64-bit systems.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxSockets
{
    public const int FlagTruncated = 0x20;
    public const int FlagDontWait = 0x40;

    public const short PollIn = 1;
    public const short PollOut = 4;

    public const int LevelUdp = 17;
    public const int UdpSegment = 103;

    public const int ErrorInterrupted = 4;
    public const int ErrorAgain = 11;

    public const int EventNonBlocking = 0x800;
    public const int EventCloseOnExec = 0x80000;

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    public static partial int ReceiveMany(int socket, Message* messages, uint count, int flags, TimeSpec* timeout);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    public static partial int SendMany(int socket, Message* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    public static partial int Poll(PollEntry* entries, nuint count, TimeSpec* timeout, void* signals);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int CreateEvent(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeFileHandle file, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeFileHandle file, void* buffer, nuint count);

    /// <summary><c>struct iovec</c></summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Piece
    {
        public byte* Start;
        public nuint Length;
    }

    /// <summary><c>struct mmsghdr</c>; its first 56 bytes are a <c>struct msghdr</c>.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    public struct Message
    {
        [FieldOffset(0)]
        public byte* Address;

        [FieldOffset(8)]
        public uint AddressLength;

        [FieldOffset(16)]
        public Piece* Pieces;

        [FieldOffset(24)]
        public nuint PieceCount;

        [FieldOffset(32)]
        public void* Control;

        [FieldOffset(40)]
        public nuint ControlLength;

        [FieldOffset(48)]
        public int Flags;

        [FieldOffset(56)]
        public uint Length;
    }

    /// <summary>One control message with a number of 16 bits in it: <c>struct cmsghdr</c>, the number, padding.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 24)]
    public struct Control
    {
        /// <summary>Length of header and number, as CMSG_LEN(2) has it.</summary>
        public const int UsedLength = 18;

        public nuint Length;
        public int Level;
        public int Type;
        public ushort Number;
    }

    /// <summary><c>struct pollfd</c></summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int File;
        public short Wanted;
        public short Happened;
    }

    /// <summary><c>struct timespec</c></summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
