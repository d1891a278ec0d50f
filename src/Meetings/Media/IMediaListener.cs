namespace Roomcast.Meetings.Media;

/// <summary>Receives all tracks of a room without being a peer in it: in the clear, whole and in order of arrival.</summary>
/// <remarks>Called on the room's worker, which must not be held up: no call blocks or throws.</remarks>
public interface IMediaListener
{
    /// <summary>It begins to listen: the tracks there are follow, and then <see cref="OnTracksTold"/>. Nothing else comes between.</summary>
    void OnTracksBegin()
    {
    }

    /// <summary>All tracks there were when it began to listen have been told.</summary>
    void OnTracksTold()
    {
    }

    /// <summary>A track begins. Its packets follow, with this source and payload type.</summary>
    /// <param name="producer">The track, as it was when it began.</param>
    /// <param name="ssrc">Its source, not used for another track before or after.</param>
    /// <param name="payloadType">Of its packets.</param>
    void OnTrack(MediaProducer producer, uint ssrc, byte payloadType);

    /// <summary>A track has ended.</summary>
    void OnTrackEnded(string producerId);

    /// <summary>An RTP packet, or an RTCP compound with sender reports.</summary>
    /// <param name="packet">Its bytes, for the time of the call. Header extension <see cref="MediaTap.OrientationExtension"/> is the
    /// orientation of the picture where the sender tells it.</param>
    /// <param name="isRtcp">Whether it is RTCP.</param>
    void OnPacket(ReadOnlySpan<byte> packet, bool isRtcp);

    /// <summary>The room has ended, or has failed.</summary>
    void OnRoomEnded();
}
