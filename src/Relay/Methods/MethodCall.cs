using System.Text.Json;
using System.Text.Json.Nodes;
using Roomcast.Meetings.Sessions;
using Roomcast.Relay.Connection;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Rooms;

namespace Roomcast.Relay.Methods;

/// <summary>A request under way. It is answered once: what comes after its answer is not said.</summary>
internal sealed class MethodCall(RelayConnection connection, string id, JsonElement parameters)
{
    private int _isAnswered;

    /// <summary>Where it came from; authenticated.</summary>
    public RelayConnection Connection => connection;

    /// <summary>Its parameters.</summary>
    public JsonElement Params => parameters;

    /// <summary>Answers that it is done.</summary>
    public void Done(JsonObject? more = null)
    {
        var result = more ?? [];
        result["code"] = "200";
        result["message"] = "OK";
        Answer(result);
    }

    /// <summary>Answers with a result of its own.</summary>
    public void Answer(JsonObject result)
    {
        if (Interlocked.Exchange(ref _isAnswered, 1) == 0)
        {
            connection.Answer(id, result);
        }
    }

    /// <summary>Refuses it by an error of the protocol.</summary>
    public void Refuse(RelayError error, string message)
    {
        if (Interlocked.Exchange(ref _isAnswered, 1) == 0)
        {
            connection.Refuse(id, error, message);
        }
    }

    /// <summary>Whether it has a parameter that is not null.</summary>
    public bool Has(string name) => Params.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null;

    /// <summary>Refuses it by a code of the protocol.</summary>
    public void Refuse(string code, string message)
    {
        if (Interlocked.Exchange(ref _isAnswered, 1) == 0)
        {
            connection.Refuse(id, code, message);
        }
    }

    public void RefuseRoom() => Refuse("404", "there is no such room session");

    public void RefuseMember() => Refuse("404", "there is no such member");

    public void RefuseScreen() => Refuse("409", "a screen is no person: this cannot be done to it");

    /// <summary>Answers as it went.</summary>
    public void Answer(SteerOutcome outcome)
    {
        switch (outcome)
        {
            case SteerOutcome.Done:
                Done();
                break;
            case SteerOutcome.NoSession:
                RefuseRoom();
                break;
            case SteerOutcome.NoPeer:
                RefuseMember();
                break;
            case SteerOutcome.OnlyItself:
                Refuse("409", "the member has switched it off itself, or sends none: only the member can switch it on");
                break;
            case SteerOutcome.TooLong:
                Refuse("422", $"meta would have more than {Notes.MaxLength} characters; it stays as it was");
                break;
            default:
                Refuse("409", "the member's preset knows no stage: there is no audience to come from or to go to");
                break;
        }
    }
}

/// <summary>What serves a method, in a room where it is about one.</summary>
internal delegate ValueTask RoomMethod(MethodCall call, Room room);
