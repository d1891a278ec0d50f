using System.Text.Json;
using System.Text.Json.Nodes;

namespace Roomcast.Client.Relay;

/// <content>What can be done to the session and its members. All of it is refused with WrongState once the session is over.</content>
public sealed partial class RoomSession
{
    /// <summary>Stands for all members, where a member's id is wanted for switching off and on and for removing.</summary>
    public const string AllMembers = "all";

    private const double LoudestDb = 50;
    private const double MostSensitive = 100;

    /// <summary>Asks for the members.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public async Task<IReadOnlyCollection<RoomSessionMember>> GetMembersAsync(CancellationToken cancellationToken = default)
    {
        await AskAsync(
            "video.members.get",
            null,
            said =>
            {
                ApplyMembers(said.Objects("members"));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        return Members;
    }

    /// <summary>Switches the sound of a member off.</summary>
    /// <param name="memberId">Whose; <see cref="AllMembers"/> for all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound, and what the server refuses.</exception>
    public Task AudioMuteAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("audio_mute", memberId, cancellationToken);

    /// <summary>Switches the sound of a member on, where the server can.</summary>
    /// <param name="memberId">Whose; <see cref="AllMembers"/> for all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound; WrongState when the member has switched it off; what the server refuses.</exception>
    public Task AudioUnmuteAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("audio_unmute", memberId, cancellationToken);

    /// <summary>Switches the picture of a member off.</summary>
    /// <param name="memberId">Whose; <see cref="AllMembers"/> for all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound, and what the server refuses.</exception>
    public Task VideoMuteAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("video_mute", memberId, cancellationToken);

    /// <summary>Switches the picture of a member on, where the server can.</summary>
    /// <param name="memberId">Whose; <see cref="AllMembers"/> for all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound; WrongState when the member has switched it off; what the server refuses.</exception>
    public Task VideoUnmuteAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("video_unmute", memberId, cancellationToken);

    /// <summary>Lets a member hear nothing.</summary>
    /// <exception cref="RealtimeKitException">NotSupported where the server cannot; NotFound.</exception>
    public Task DeafAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("deaf", memberId, cancellationToken);

    /// <summary>Lets a member hear again.</summary>
    /// <exception cref="RealtimeKitException">NotSupported where the server cannot; NotFound.</exception>
    public Task UndeafAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("undeaf", memberId, cancellationToken);

    /// <summary>Makes a member louder or softer for others.</summary>
    /// <param name="memberId">Whom.</param>
    /// <param name="volume">Decibels: -50 to 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound, and what the server refuses.</exception>
    public Task SetInputVolumeAsync(string memberId, double volume, CancellationToken cancellationToken = default) =>
        OfMemberAsync("set_input_volume", memberId, cancellationToken, "volume", Within(volume, -LoudestDb, LoudestDb));

    /// <summary>Makes others louder or softer for a member.</summary>
    /// <param name="memberId">For whom.</param>
    /// <param name="volume">Decibels: -50 to 50.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotSupported where the server cannot; NotFound.</exception>
    public Task SetOutputVolumeAsync(string memberId, double volume, CancellationToken cancellationToken = default) =>
        OfMemberAsync("set_output_volume", memberId, cancellationToken, "volume", Within(volume, -LoudestDb, LoudestDb));

    /// <summary>Sets from what level on a member's microphone is heard.</summary>
    /// <param name="memberId">Whose.</param>
    /// <param name="value">0 to 100.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotSupported where the server cannot; NotFound.</exception>
    public Task SetInputSensitivityAsync(string memberId, double value, CancellationToken cancellationToken = default) =>
        OfMemberAsync("set_input_sensitivity", memberId, cancellationToken, "value", Within(value, 0, MostSensitive));

    /// <summary>Puts a member elsewhere in the composition.</summary>
    /// <param name="memberId">Whom.</param>
    /// <param name="position"><c>auto</c>, <c>standard-N</c>, <c>reserved-N</c>, <c>off-canvas</c> or <c>full-screen</c>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound; Refused for a position that there is not.</exception>
    public Task SetMemberPositionAsync(string memberId, string position, CancellationToken cancellationToken = default) =>
        OfMemberAsync("set_position", memberId, cancellationToken, "position", position);

    /// <summary>Raises a member's hand, or lowers it.</summary>
    /// <exception cref="RealtimeKitException">NotFound, and what the server refuses.</exception>
    public Task SetRaisedHandAsync(string memberId, bool isRaised, CancellationToken cancellationToken = default) =>
        OfMemberAsync(isRaised ? "raisehand" : "lowerhand", memberId, cancellationToken);

    /// <summary>Removes a member.</summary>
    /// <exception cref="RealtimeKitException">NotFound, and what the server refuses.</exception>
    public Task RemoveMemberAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("remove", memberId, cancellationToken);

    /// <summary>Removes all members, which ends the session.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task RemoveAllMembersAsync(CancellationToken cancellationToken = default) => OfMemberAsync("remove", AllMembers, cancellationToken);

    /// <summary>Makes somebody of the audience a member.</summary>
    /// <exception cref="RealtimeKitException">NotFound; WrongState where there is no audience.</exception>
    public Task PromoteAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("promote", memberId, cancellationToken);

    /// <summary>Sends a member to the audience.</summary>
    /// <exception cref="RealtimeKitException">NotFound; WrongState where there is no audience.</exception>
    public Task DemoteAsync(string memberId, CancellationToken cancellationToken = default) => OfMemberAsync("demote", memberId, cancellationToken);

    /// <summary>Asks for the notes on a member.</summary>
    /// <returns>An object.</returns>
    /// <exception cref="RealtimeKitException">NotFound, and what the server refuses.</exception>
    public Task<JsonElement> GetMemberMetaAsync(string memberId, CancellationToken cancellationToken = default) =>
        AskAsync("video.member.get_meta", parameters => parameters["member_id"] = memberId, MetaOf, cancellationToken);

    /// <summary>Replaces the notes on a member.</summary>
    /// <param name="memberId">Whom.</param>
    /// <param name="meta">An object.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound; Refused when they are too long.</exception>
    public Task SetMemberMetaAsync(string memberId, JsonElement meta, CancellationToken cancellationToken = default) =>
        OfMemberAsync("set_meta", memberId, cancellationToken, "meta", ObjectOf(meta));

    /// <summary>Adds to the notes on a member, or changes them.</summary>
    /// <param name="memberId">Whom.</param>
    /// <param name="meta">An object; keys that it does not have stay.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">NotFound; Refused when they are too long.</exception>
    public Task UpdateMemberMetaAsync(string memberId, JsonElement meta, CancellationToken cancellationToken = default) =>
        OfMemberAsync("update_meta", memberId, cancellationToken, "meta", ObjectOf(meta));

    /// <summary>Deletes keys of the notes on a member.</summary>
    /// <exception cref="RealtimeKitException">NotFound, and what the server refuses.</exception>
    public Task DeleteMemberMetaAsync(string memberId, IEnumerable<string> keys, CancellationToken cancellationToken = default) =>
        OfMemberAsync("delete_meta", memberId, cancellationToken, "keys", ListOf(keys));

    /// <summary>Asks which layouts there are.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task<IReadOnlyList<string>> GetLayoutsAsync(CancellationToken cancellationToken = default) =>
        AskAsync("video.list_available_layouts", null, said => said.Texts("layouts"), cancellationToken);

    /// <summary>Chooses a layout.</summary>
    /// <param name="name">Which.</param>
    /// <param name="positions">Positions of members by their ids; null to leave them.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused for a layout or position that there is not; NotFound for a member.</exception>
    public Task SetLayoutAsync(string name, IReadOnlyDictionary<string, string>? positions = null, CancellationToken cancellationToken = default) => CallAsync(
        "video.set_layout",
        parameters =>
        {
            parameters["name"] = name;
            if (positions is not null)
            {
                parameters["positions"] = PositionsOf(positions);
            }
        },
        cancellationToken);

    /// <summary>Puts members elsewhere in the composition.</summary>
    /// <param name="positions">Positions by the members' ids.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused for a position that there is not; NotFound for a member.</exception>
    public Task SetPositionsAsync(IReadOnlyDictionary<string, string> positions, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(positions);
        return CallAsync("video.set_position", parameters => parameters["positions"] = PositionsOf(positions), cancellationToken);
    }

    /// <summary>Leaves members without a picture out of the composition, or no longer.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task SetHideVideoMutedAsync(bool isHidden, CancellationToken cancellationToken = default) =>
        CallAsync(isHidden ? "video.hide_video_muted" : "video.show_video_muted", null, cancellationToken);

    /// <summary>Lets nobody new in.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task LockAsync(CancellationToken cancellationToken = default) => CallAsync("video.lock", null, cancellationToken);

    /// <summary>Lets others in again.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task UnlockAsync(CancellationToken cancellationToken = default) => CallAsync("video.unlock", null, cancellationToken);

    /// <summary>Puts raised hands first in the composition, or no longer.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task SetPrioritizeHandraiseAsync(bool isOn, CancellationToken cancellationToken = default) =>
        CallAsync("video.prioritize_handraise", parameters => parameters["enable"] = isOn, cancellationToken);

    /// <summary>Asks for the notes on the room.</summary>
    /// <returns>An object.</returns>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task<JsonElement> GetMetaAsync(CancellationToken cancellationToken = default) => AskAsync("video.get_meta", null, MetaOf, cancellationToken);

    /// <summary>Replaces the notes on the room.</summary>
    /// <param name="meta">An object.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused when they are too long.</exception>
    public Task SetMetaAsync(JsonElement meta, CancellationToken cancellationToken = default) =>
        CallAsync("video.set_meta", parameters => parameters["meta"] = ObjectOf(meta), cancellationToken);

    /// <summary>Adds to the notes on the room, or changes them.</summary>
    /// <param name="meta">An object; keys that it does not have stay.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="RealtimeKitException">Refused when they are too long.</exception>
    public Task UpdateMetaAsync(JsonElement meta, CancellationToken cancellationToken = default) =>
        CallAsync("video.update_meta", parameters => parameters["meta"] = ObjectOf(meta), cancellationToken);

    /// <summary>Deletes keys of the notes on the room.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task DeleteMetaAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return CallAsync("video.delete_meta", parameters => parameters["keys"] = ListOf(keys), cancellationToken);
    }

    /// <summary>Asks for the streams that run.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task<IReadOnlyList<RoomSessionStream>> GetStreamsAsync(CancellationToken cancellationToken = default) => ListAsync(Streams, ActionKind.Stream, cancellationToken);

    /// <summary>Streams the session to an RTMP server, and waits until that takes it. What came of it is told even without listening.</summary>
    /// <param name="url">An address of <c>rtmp://</c> or <c>rtmps://</c> with its stream key: a secret.</param>
    /// <param name="cancellationToken">Ends the waiting, not the stream.</param>
    /// <exception cref="RealtimeKitException">Refused for an address that is none; Failed when the target is not there or refuses; TooMany.</exception>
    public Task<RoomSessionStream> StartStreamAsync(string url, CancellationToken cancellationToken = default) =>
        StartAsync(Streams, ActionKind.Stream, url, parameters => parameters["url"] = url, cancellationToken);

    /// <summary>Asks for the recordings that are not over.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task<IReadOnlyList<RoomSessionRecording>> GetRecordingsAsync(CancellationToken cancellationToken = default) =>
        ListAsync(Recordings, ActionKind.Recording, cancellationToken);

    /// <summary>Records the session, and waits until that has begun. What came of it is told even without listening.</summary>
    /// <param name="cancellationToken">Ends the waiting, not the recording.</param>
    /// <remarks>The answer names no recording: when another is begun by somebody else in the same moment, it may be that one.</remarks>
    /// <exception cref="RealtimeKitException">Failed when it cannot begin; TooMany.</exception>
    public Task<RoomSessionRecording> StartRecordingAsync(CancellationToken cancellationToken = default) =>
        StartAsync(Recordings, ActionKind.Recording, null, null, cancellationToken);

    /// <summary>Asks for the playbacks that are not over.</summary>
    /// <exception cref="RealtimeKitException">What the server refuses.</exception>
    public Task<IReadOnlyList<RoomSessionPlayback>> GetPlaybacksAsync(CancellationToken cancellationToken = default) =>
        ListAsync(Playbacks, ActionKind.Playback, cancellationToken);

    /// <summary>Plays media into the session, and waits until that has begun.</summary>
    /// <param name="url">What is played.</param>
    /// <param name="options">How; null for the server's choice.</param>
    /// <param name="cancellationToken">Ends the waiting, not the playback.</param>
    /// <exception cref="RealtimeKitException">NotSupported where the server cannot; Failed when it cannot begin.</exception>
    public Task<RoomSessionPlayback> PlayAsync(string url, PlayOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(
            Playbacks,
            ActionKind.Playback,
            url,
            parameters =>
            {
                parameters["url"] = url;
                options?.Write(parameters);
            },
            cancellationToken);

    internal static JsonObject PositionsOf(IReadOnlyDictionary<string, string> positions) =>
        new(positions.Select(position => KeyValuePair.Create(position.Key, (JsonNode?)position.Value)));

    private static double Within(double value, double least, double most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most);
        return value;
    }

    private static JsonObject ObjectOf(JsonElement meta) =>
        JsonObject.Create(meta) ?? throw new ArgumentException("Notes are a JSON object.", nameof(meta));

    private static JsonArray ListOf(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);

    private static JsonElement MetaOf(JsonElement said) => said.Kept("meta") ?? NoMeta;

    private Task OfMemberAsync(string method, string memberId, CancellationToken cancellationToken, string? name = null, JsonNode? value = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(memberId);
        return CallAsync(
            $"video.member.{method}",
            parameters =>
            {
                parameters["member_id"] = memberId;
                if (name is not null)
                {
                    parameters[name] = value;
                }
            },
            cancellationToken);
    }

    private async Task<IReadOnlyList<T>> ListAsync<T>(ActionList<T> list, string kind, CancellationToken cancellationToken)
        where T : RoomSessionAction
    {
        await AskAsync(
            $"video.{kind}.list",
            null,
            said =>
            {
                ApplyRunning(list, said.Objects($"{kind}s"));
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        return list.Running;
    }

    private async Task<T> StartAsync<T>(ActionList<T> list, string kind, string? url, Action<JsonObject>? add, CancellationToken cancellationToken)
        where T : RoomSessionAction
    {
        var wait = list.Expect(url);
        try
        {
            await AskAsync(
                $"video.{kind}.start",
                add,
                said =>
                {
                    // Ours names it; the protocol does not have it to.
                    list.Name(wait, said.Has(kind, out var begun) ? begun.Text("id") : null);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
            return await wait.Begun.Task.WaitAsync(BeginPatience, _video.Client.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new RealtimeKitException(RealtimeKitError.TimedOut, $"The {kind} had not begun {BeginPatience.TotalSeconds:0} s after it was asked for.");
        }
        finally
        {
            list.Forget(wait);
        }
    }
}
