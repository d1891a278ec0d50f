using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Rooms;

namespace Roomcast.Relay.Methods;

/// <summary>Streams and recordings of a room. What begins is answered at once, and told by events.</summary>
internal sealed class MediaMethods(SessionPushes pushes, Recordings recordings, TimeProvider time, ILogger<MediaMethods> logger)
{
    /// <summary>Most recordings of one room: what the server can record is there for others too.</summary>
    public const int MaxRecordings = 4;

    /// <summary>A client gives up a request after 10 s: what takes longer than this is answered before it is done, and told by its event.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    private static readonly string[] StreamEvents = ["video.stream.started", "video.stream.ended"];
    private static readonly string[] RecordingEvents = ["video.recording.started", "video.recording.updated", "video.recording.ended"];

    public void AddTo(Dictionary<string, RoomMethod> table)
    {
        table["video.stream.list"] = (call, room) => RoomMethods.ReadAsync(call, room, each => new JsonObject { ["streams"] = each.WriteStreams(call.Connection.SeesSecrets) });
        table["video.stream.start"] = StartStreamAsync;
        table["video.stream.stop"] = StopStreamAsync;
        table["video.recording.list"] = (call, room) => RoomMethods.ReadAsync(call, room, each => new JsonObject { ["recordings"] = each.WriteRecordings() });
        table["video.recording.start"] = StartRecordingAsync;
        table["video.recording.pause"] = (call, room) => ChangeRecordingAsync(call, room, id => recordings.PauseAsync(room.AppId, id, CancellationToken.None));
        table["video.recording.resume"] = (call, room) => ChangeRecordingAsync(call, room, id => recordings.ResumeAsync(room.AppId, id, CancellationToken.None));
        table["video.recording.stop"] = (call, room) => ChangeRecordingAsync(
            call, room, id => recordings.StopAsync(room.AppId, id, CallerOf(call), CancellationToken.None), isStop: true);
    }

    private async ValueTask StartStreamAsync(MethodCall call, Room room)
    {
        call.Params.TryText("url", PushAddress.MaxLength, out var url);
        if (!PushAddress.TryParse(url, streamKey: null, out var address, out var fault))
        {
            call.Refuse("422", MessageOf(fault));
            return;
        }

        if (!await room.DoAsync(each =>
        {
            if (pushes.Start(room.SessionId.Value, address) is not { } push)
            {
                call.Refuse("429", $"a room session has at most {pushes.MaxOfSession} streams");
                return;
            }

            // Before anything is told of it: the client may never subscribe, or only afterwards.
            call.Connection.Controller!.SubscribeUnasked(room.Channel, StreamEvents);
            each.Changed(push);
            call.Done(new JsonObject { ["stream"] = new JsonObject { ["id"] = push.Id.ToString() } });
        }))
        {
            call.RefuseRoom();
        }
    }

    private async ValueTask StopStreamAsync(MethodCall call, Room room)
    {
        if (!call.Params.TryId("stream_id", out var id))
        {
            call.Refuse("422", "stream_id is missing, or no UUID");
        }
        else if (!await room.DoAsync(each =>
        {
            if (!each.HasStream(id))
            {
                call.Refuse("404", "there is no such stream");
                return;
            }

            // The answer first; that it has ended is told right after. A second stop finds it still there, or its end told.
            call.Done();
            pushes.Stop(id);
        }))
        {
            call.RefuseRoom();
        }
    }

    private async ValueTask StartRecordingAsync(MethodCall call, Room room)
    {
        var isRefused = false;
        if (!await room.DoAsync(each =>
        {
            if (isRefused = each.RecordingsUnderWay >= MaxRecordings)
            {
                call.Refuse("429", $"a room session has at most {MaxRecordings} recordings, those that are being begun among them");
                return;
            }

            call.Connection.Controller!.SubscribeUnasked(room.Channel, RecordingEvents);
            each.RecordingAsked();
            call.Done();
        }))
        {
            call.RefuseRoom();
            return;
        }

        // Composing may take seconds to begin, and an answer may not.
        if (!isRefused)
        {
            _ = BeginRecordingAsync(call, room);
        }
    }

    private async Task BeginRecordingAsync(MethodCall call, Room room)
    {
        string? error;
        try
        {
            var answer = await recordings.StartAsync(
                new RecordingWish(
                    room.AppId, room.MeetingId.Value, RecordingKind.Composite, new RecordingPlan(), AllowsOthers: true, RecordingStartReason.Asked, CallerOf(call)),
                CancellationToken.None);
            error = answer.Message;
        }
        catch (Exception fault)
        {
            RelayLog.MethodFailed(logger, fault, "video.recording.start");
            error = "the server failed to begin the recording";
        }

        room.Post(each => each.RecordingAnswered(error));
    }

    private async ValueTask ChangeRecordingAsync(
        MethodCall call, Room room, Func<RecordingId, Task<RecordingAnswer>> change, bool isStop = false)
    {
        if (!call.Params.TryId("recording_id", out var id))
        {
            call.Refuse("422", "recording_id is missing, or no UUID");
            return;
        }

        var isKnown = false;
        if (!await room.DoAsync(each => isKnown = each.HasRecording(id)))
        {
            call.RefuseRoom();
        }
        else if (!isKnown)
        {
            call.Refuse("404", "there is no such recording");
        }
        else
        {
            var changing = change(new RecordingId(id));
            if (await Task.WhenAny(changing, Task.Delay(AnswerWithin, time)) != changing)
            {
                call.Done();
                _ = LogFaultAsync(changing);
                return;
            }

            var answer = await changing;
            if (answer.Refusal is null || (isStop && answer.Refusal is RecordingRefusal.IllegalChange))
            {
                call.Done();
            }
            else
            {
                call.Refuse(answer.Refusal is RecordingRefusal.NotFound ? "404" : "409", answer.Message ?? "that is not possible now");
            }
        }
    }

    /// <summary>Of a change that was answered before it was done, events tell; of a fault nothing else would.</summary>
    private async Task LogFaultAsync(Task<RecordingAnswer> changing)
    {
        try
        {
            await changing;
        }
        catch (Exception fault)
        {
            RelayLog.MethodFailed(logger, fault, "video.recording");
        }
    }

    private static RecordingCaller CallerOf(MethodCall call) => new(IsParticipant: false, call.Connection.AppId.ToString(), Name: null);

    internal static string MessageOf(PushAddressFault fault) => fault switch
    {
        PushAddressFault.TooLong => $"url has more than {PushAddress.MaxLength} characters",
        PushAddressFault.NotPrintable => "url holds blanks or control characters",
        PushAddressFault.NoStreamName => "url has no stream name: it must be rtmp[s]://host[:port]/app/name",
        PushAddressFault.NamesUser => "url must not name a user or a password",
        _ => "url must be an rtmp:// or rtmps:// address with a host and a path",
    };
}
