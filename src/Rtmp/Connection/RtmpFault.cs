namespace Roomcast.Rtmp.Connection;

/// <summary>What a peer did that ends the connection.</summary>
public enum RtmpFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The first byte was not that of RTMP: another protocol, or TLS on the plain port.</summary>
    NotRtmp,

    /// <summary>It asked for RTMPE, the encrypted form that no current encoder uses; RTMPS is the way.</summary>
    EncryptedRtmp,

    /// <summary>A chunk leans on an earlier chunk of its stream that never came.</summary>
    ChunkWithoutBeginning,

    /// <summary>More chunk streams than <see cref="RtmpLimits.MaxChunkStreams"/>.</summary>
    TooManyChunkStreams,

    /// <summary>A message longer than allowed at this point; see <see cref="RtmpLimits"/>.</summary>
    MessageTooLarge,

    /// <summary>More bytes in unfinished messages than <see cref="RtmpLimits.MaxBufferedBytes"/>.</summary>
    TooMuchBuffered,

    /// <summary>A control message that is too short or sets something impossible, such as a chunk size of zero.</summary>
    BadControlMessage,

    /// <summary>A command that cannot be read, or one out of order, such as publish before connect.</summary>
    BadCommand,

    /// <summary>More message streams than <see cref="RtmpLimits.MaxMessageStreams"/>.</summary>
    TooManyMessageStreams,
}
