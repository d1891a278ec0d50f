using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.History.Publishing;
using Roomcast.Meetings.Records;

namespace Roomcast.Meetings.History;

/// <summary>Writes the chat of a session into a file, for the owner of its app.</summary>
public sealed class ChatExport(
    ChatMessageStore messages, MeetingStore meetings, SessionFiles files, IOptions<ChatFileOptions> chat) : ISessionFileMaker
{
    private const string FileKind = "CHAT";
    private const int PageSize = 1_000;

    /// <inheritdoc/>
    public SessionFileKind Kind => SessionFileKind.Chat;

    /// <summary>Makes the file, in CSV with a header. Null when nothing was said that is still kept.</summary>
    /// <param name="session">The session; it may be under way.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="Storage.Blobs.BlobException">It cannot be stored now.</exception>
    public async Task<SessionFile?> MakeAsync(SessionRecord session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var first = await messages.ListWholeAsync(session.Id, after: null, PageSize, cancellationToken);
        if (first.Count == 0)
        {
            return null;
        }

        // A file must not outlive the messages of a meeting that does not keep them.
        var meeting = await meetings.FindAsync(session.AppId, session.MeetingId, cancellationToken);
        var expiry = meeting?.Settings.PersistsChat == true ? null : session.EndedAt + chat.Value.Retention;
        return await files.MakeAsync(
            session.Id,
            FileKind,
            $"chat_{session.Id}.csv",
            "text/csv",
            expiry,
            file => WriteAsync(file, session, first, cancellationToken),
            cancellationToken);
    }

    private static string LineOf(SessionRecord session, ChatMessage message) => CsvText.Line(
        message.Id.ToString(),
        message.ParticipantId.ToString(),
        session.Id.ToString(),
        session.MeetingId.ToString(),
        message.DisplayName,
        message.IsPinned ? "true" : "false",
        message.IsEdited ? "true" : "false",
        message.Kind switch
        {
            ChatMessageKind.Text => "TEXT_MESSAGE",
            ChatMessageKind.Image => "IMAGE_MESSAGE",
            ChatMessageKind.File => "FILE_MESSAGE",
            _ => "CUSTOM_MESSAGE",
        },
        message.Payload,
        message.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));

    private async Task WriteAsync(
        Stream file, SessionRecord session, IReadOnlyList<ChatMessage> page, CancellationToken cancellationToken)
    {
        await using var writer = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        await writer.WriteAsync(CsvText.Line(
            "id", "participantId", "sessionId", "meetingId", "displayName", "pinned", "isEdited", "payloadType", "payload", "createdAt"));
        while (page.Count > 0)
        {
            foreach (var message in page)
            {
                await writer.WriteAsync(LineOf(session, message));
            }

            page = page.Count < PageSize ? [] : await messages.ListWholeAsync(session.Id, page[^1].CreatedAt, PageSize, cancellationToken);
        }
    }
}
