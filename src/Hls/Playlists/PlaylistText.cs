using System.IO.Compression;

namespace Roomcast.Hls.Playlists;

/// <summary>A playlist as rendered, once for all who ask for it, with its compressed twin.</summary>
public sealed class PlaylistText
{
    private readonly Lock _lock = new();
    private byte[]? _gzip;

    internal PlaylistText(byte[] bytes) => Bytes = bytes;

    /// <summary>The text in UTF-8. Not to be changed.</summary>
    public byte[] Bytes { get; }

    /// <summary>The same, compressed by gzip when somebody first asks for it. Not to be changed.</summary>
    public byte[] Gzip
    {
        get
        {
            if (Volatile.Read(ref _gzip) is { } done)
            {
                return done;
            }

            lock (_lock)
            {
                return _gzip ??= Compress(Bytes);
            }
        }
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var output = new MemoryStream(bytes.Length / 2);
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }
}
