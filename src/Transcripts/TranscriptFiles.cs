using System.Text;
using Roomcast.Meetings.History;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;
using Roomcast.Storage;
using Roomcast.Transcripts.Records;

namespace Roomcast.Transcripts;

/// <summary>Makes files of transcripts.</summary>
public sealed class TranscriptFiles(TranscriptStore transcripts, SessionHistory history, SessionFiles files, TimeProvider clock)
    : ISessionFileMaker
{
    // Whoever joined after so many is told without the times of being there.
    private const int MaxPeers = 10_000;

    /// <inheritdoc/>
    public SessionFileKind Kind => SessionFileKind.Transcript;

    /// <inheritdoc/>
    public Task<SessionFile?> MakeAsync(SessionRecord session, CancellationToken cancellationToken) =>
        MakeAsync(session, TranscriptFormat.Csv, cancellationToken);

    /// <summary>Makes the file of a session, which may be under way. Null when nothing was said that is still kept.</summary>
    /// <param name="session">The session.</param>
    /// <param name="format">In which form.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="Storage.Blobs.BlobException">It cannot be stored now.</exception>
    public async Task<SessionFile?> MakeAsync(SessionRecord session, TranscriptFormat format, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var transcript = await transcripts.FindAsync(session.Id, cancellationToken);
        var lines = transcript is null ? [] : await transcripts.ListAsync(session.Id, cancellationToken);
        if (lines.Count == 0)
        {
            return null;
        }

        var peers = await PeersOfAsync(session.Id, format, cancellationToken);
        var (ending, type) = format switch
        {
            TranscriptFormat.Json => ("json", "application/json"),
            TranscriptFormat.Srt => ("srt", "application/x-subrip"),
            TranscriptFormat.Vtt => ("vtt", "text/vtt"),
            _ => ("csv", "text/csv"),
        };
        return await files.MakeAsync(
            session.Id,
            $"TRANSCRIPT_{ending.ToUpperInvariant()}",
            $"transcript_{session.Id}.{ending}",
            type,
            transcript!.ExpiresAt,
            async output => await output.WriteAsync(TranscriptText.Write(lines, format, session.StartedAt, peers), cancellationToken),
            cancellationToken);
    }

    // The JSON alone tells who they were.
    private async Task<IReadOnlyDictionary<PeerId, PeerRecord>> PeersOfAsync(
        SessionId sessionId, TranscriptFormat format, CancellationToken cancellationToken)
    {
        var peers = new Dictionary<PeerId, PeerRecord>();
        for (var number = 1; format is TranscriptFormat.Json && peers.Count < MaxPeers; number++)
        {
            var page = await history.ListPeersAsync(
                sessionId, new PeerQuery(new PageRequest(number, PageBounds.MaxSize)) { Order = SortOrder.Ascending }, clock.GetUtcNow(), cancellationToken);
            foreach (var peer in page.Items)
            {
                peers[peer.Id] = peer;
            }

            if (page.Items.Count < PageBounds.MaxSize)
            {
                break;
            }
        }

        return peers;
    }
}

/// <summary>Makes files of summaries.</summary>
public sealed class SummaryFiles(TranscriptStore transcripts, SessionFiles files) : ISessionFileMaker
{
    /// <inheritdoc/>
    public SessionFileKind Kind => SessionFileKind.Summary;

    /// <inheritdoc/>
    public async Task<SessionFile?> MakeAsync(SessionRecord session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (await transcripts.FindSummaryAsync(session.Id, cancellationToken) is not { Status: SummaryStatus.Completed } summary)
        {
            return null;
        }

        var transcript = await transcripts.FindAsync(session.Id, cancellationToken);
        return await files.MakeAsync(
            session.Id,
            "SUMMARY",
            $"summary_{session.Id}.{(summary.IsMarkdown ? "md" : "txt")}",
            summary.IsMarkdown ? "text/markdown" : "text/plain",
            transcript?.ExpiresAt,
            async output => await output.WriteAsync(Encoding.UTF8.GetBytes(summary.Content!), cancellationToken),
            cancellationToken);
    }
}
