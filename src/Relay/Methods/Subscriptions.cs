using Microsoft.Extensions.Options;
using Roomcast.Relay.Controllers;
using Roomcast.Relay.Framing;
using Roomcast.Relay.Rooms;

namespace Roomcast.Relay.Methods;

/// <summary>What controllers subscribe to.</summary>
internal sealed class Subscriptions(RoomDirectory rooms, IOptions<RelayOptions> options)
{
    private const int MostNames = 100;
    private const int LongestName = 64;
    private const string RoomPrefix = "room.";
    private const string Greeting = "video.room.subscribed";

    /// <summary>Adds to the subscriptions of the controller; a room greets it the first time.</summary>
    public async ValueTask SubscribeAsync(MethodCall call)
    {
        if (!TryRead(call, out var channel, out var names))
        {
            return;
        }

        var controller = call.Connection.Controller!;
        if (channel == RelayEvent.RoomsChannel)
        {
            switch (controller.Subscribe(channel, names, options.Value.MaxSubscriptions))
            {
                case null:
                    RefuseTooMany(call);
                    return;
                case true when options.Value.ReplaysRooms:
                    call.Done();
                    foreach (var running in rooms.Of(controller.AppId))
                    {
                        await running.DoAsync(each => each.TellBegan(controller));
                    }

                    return;
                default:
                    call.Done();
                    return;
            }
        }

        // On the room's loop: what it is told after the greeting is what has happened since.
        var room = channel.StartsWith(RoomPrefix, StringComparison.Ordinal) && Guid.TryParseExact(channel[RoomPrefix.Length..], "D", out var id)
            ? rooms.Find(controller.AppId, id)
            : null;
        if (room is null || !await room.DoAsync(each => Subscribe(call, controller, each, names)))
        {
            call.Refuse("404", "there is no such channel");
        }
    }

    /// <summary>Takes subscriptions back.</summary>
    public static void Unsubscribe(MethodCall call)
    {
        if (TryRead(call, out var channel, out var names))
        {
            call.Connection.Controller!.Unsubscribe(channel, names);
            call.Done();
        }
    }

    private void Subscribe(MethodCall call, Controller controller, Room room, List<string> names)
    {
        if (controller.Subscribe(room.Channel, names, options.Value.MaxSubscriptions) is not { } isFirst)
        {
            RefuseTooMany(call);
            return;
        }

        call.Done();
        if (isFirst || names.Contains(Greeting))
        {
            controller.TellUnasked(room.Greeting());
        }
    }

    private static bool TryRead(MethodCall call, out string channel, out List<string> names)
    {
        names = [];
        if (!call.Params.TryText("event_channel", 128, out var given))
        {
            channel = "";
            call.Refuse("422", "event_channel is missing");
            return false;
        }

        channel = given;
        if (!call.Params.TryTexts("events", MostNames, LongestName, out names))
        {
            call.Refuse("422", $"events must be a list of at most {MostNames} names of at most {LongestName} characters");
            return false;
        }

        // The client asks for it in camel case and hears only the other. Names of nothing that is ever told are taken and not kept.
        names = [.. names.Select(name => name == "video.room.audienceCount" ? "video.room.audience_count" : name).Where(RelayEvent.IsName).Distinct(StringComparer.Ordinal)];
        return true;
    }

    private void RefuseTooMany(MethodCall call) => call.Refuse("429", $"a controller may subscribe to {options.Value.MaxSubscriptions} events");
}
