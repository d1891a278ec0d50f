using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Roomcast.Client.Wire;
using Roomcast.RealtimeKit.Socket.Messages;
using Roomcast.RealtimeKit.Socket.Wire;

namespace Roomcast.Client.Meeting;

/// <summary>Something that was said.</summary>
/// <param name="Time">When.</param>
/// <param name="PeerId">By which presence.</param>
/// <param name="UserId">By whom.</param>
/// <param name="Name">What they are called.</param>
/// <param name="Text">What was heard.</param>
/// <param name="IsPartial">Whether it is still being heard; another one takes its place then.</param>
public sealed record TranscriptItem(DateTimeOffset Time, string PeerId, string UserId, string Name, string Text, bool IsPartial)
{
    private const int Fields = 6;
    private const int MaxLength = 64 << 10;

    /// <summary>Reads a line: time, presence, participant, the application's id, name and text, parted by commas.</summary>
    internal static TranscriptItem? Read(string line, bool isPartial)
    {
        if (line.Length > MaxLength)
        {
            return null;
        }

        var fields = new List<string>(Fields);
        var field = new StringBuilder();
        var isQuoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (isQuoted && c == '"' && i + 1 < line.Length && line[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (c == ',' && !isQuoted && fields.Count < Fields - 1)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        fields.Add(field.ToString().TrimEnd('\r', '\n'));
        return fields.Count == Fields
            && double.TryParse(fields[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 253_402_300_799
            ? new TranscriptItem(DateTimeOffset.UnixEpoch.AddSeconds(seconds), fields[1], fields[2], fields[4], fields[5], isPartial)
            : null;
    }
}

/// <summary>What is written down of what is said.</summary>
public sealed class Ai
{
    private const int MaxTranscripts = 10_000;

    private readonly MeetingLink _link;
    private readonly ClientHttp _http;
    private ImmutableList<TranscriptItem> _transcripts = [];

    internal Ai(MeetingLink link, ClientHttp http)
    {
        _link = link;
        _http = http;
    }

    /// <summary>Something was heard.</summary>
    public event Action<TranscriptItem>? TranscriptAdded;

    /// <summary>What was heard, oldest first; with what was said before joining, for those whose preset has what is said written down.</summary>
    public IReadOnlyList<TranscriptItem> Transcripts => _transcripts;

    /// <summary>Asks for what was said since the session began.</summary>
    /// <returns>All of it, oldest first; nothing when nothing was said.</returns>
    /// <exception cref="RealtimeKitException">NotAllowed by the preset; Unreachable.</exception>
    public async Task<IReadOnlyList<TranscriptItem>> GetActiveTranscriptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            using var active = await _http.SendAsync(HttpMethod.Get, $"/v2/meetings/{_link.MeetingId}/active-transcript", null, cancellationToken).ConfigureAwait(false);
            var lines = await _http.GetTextAsync(new Uri(ClientHttp.TextOf(active, "transcript_download_url")), cancellationToken).ConfigureAwait(false);
            return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => TranscriptItem.Read(line, isPartial: false)).OfType<TranscriptItem>()];
        }
        catch (RealtimeKitException fault) when (fault.Error is RealtimeKitError.NotFound)
        {
            return [];
        }
    }

    /// <summary>Takes over what was said before joining, or while the connection was lost; the latter is told.</summary>
    internal async Task LoadAsync(bool isAgain, CancellationToken cancellationToken)
    {
        try
        {
            var said = await GetActiveTranscriptAsync(cancellationToken).ConfigureAwait(false);
            List<TranscriptItem> missed = [];
            ImmutableInterlocked.Update(ref _transcripts, items =>
            {
                var known = items.ToHashSet();
                missed = [.. said.Where(item => !known.Contains(item)).TakeLast(MaxTranscripts)];
                return [.. missed.Concat(items).OrderBy(item => item.Time).TakeLast(MaxTranscripts)];
            });
            foreach (var item in isAgain ? missed : [])
            {
                _link.Raise(() => TranscriptAdded.CallEach(item));
            }
        }
        catch (RealtimeKitException)
        {
            // What is said from now on is told all the same.
        }
    }

    internal void Handle(SocketEvent number, SocketMessage message)
    {
        if (number is not SocketEvent.Transcript || !Envelope.TryRead(message, MeetingTranscript.Parser, out var heard)
            || TranscriptItem.Read(heard.Transcript, heard.IsPartial) is not { } item)
        {
            return;
        }

        ImmutableInterlocked.Update(ref _transcripts, items =>
        {
            var at = items.FindLastIndex(known => known.PeerId == item.PeerId);
            items = at >= 0 && items[at].IsPartial ? items.RemoveAt(at).Add(item) : items.Add(item);
            return items.Count > MaxTranscripts ? items.RemoveAt(0) : items;
        });
        _link.Raise(() => TranscriptAdded.CallEach(item));
    }
}
