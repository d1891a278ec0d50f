using Roomcast.Rtmp.Amf;

namespace Roomcast.Rtmp.Commands;

/// <summary>The codes of status messages that we send or understand.</summary>
public static class RtmpStatusCodes
{
    /// <summary>The connection stands.</summary>
    public const string ConnectSuccess = "NetConnection.Connect.Success";

    /// <summary>The connection is not wanted.</summary>
    public const string ConnectRejected = "NetConnection.Connect.Rejected";

    /// <summary>The connection ends, as agreed.</summary>
    public const string ConnectClosed = "NetConnection.Connect.Closed";

    /// <summary>The server shuts down.</summary>
    public const string ConnectAppShutdown = "NetConnection.Connect.AppShutdown";

    /// <summary>The server asks the client to connect anew. Source: Enhanced RTMP v2, "Reconnect Request".</summary>
    public const string ConnectReconnectRequest = "NetConnection.Connect.ReconnectRequest";

    /// <summary>A command that is not known, or could not be carried out.</summary>
    public const string CallFailed = "NetConnection.Call.Failed";

    /// <summary>Publishing may begin.</summary>
    public const string PublishStart = "NetStream.Publish.Start";

    /// <summary>
    /// The stream name is taken or bad. FFmpeg and Wirecast show it; librtmp, and so OBS, has never known it and waits on.
    /// </summary>
    public const string PublishBadName = "NetStream.Publish.BadName";

    /// <summary>Publishing is not allowed. OBS ends its attempt on this one and writes the description to its log.</summary>
    public const string PublishDenied = "NetStream.Publish.Denied";

    /// <summary>What was published is not wanted. OBS ends on this one too.</summary>
    public const string PublishRejected = "NetStream.Publish.Rejected";

    /// <summary>The publisher has ended, as it asked.</summary>
    public const string UnpublishSuccess = "NetStream.Unpublish.Success";

    /// <summary>Playing is not possible.</summary>
    public const string PlayFailed = "NetStream.Play.Failed";
}

/// <summary>What a status message says.</summary>
/// <param name="Level"><c>status</c>, <c>warning</c> or <c>error</c>.</param>
/// <param name="Code">See <see cref="RtmpStatusCodes"/>.</param>
/// <param name="Description">For people.</param>
public sealed record RtmpStatus(string Level, string Code, string Description)
{
    /// <summary>Makes a status of level <c>status</c>.</summary>
    public static RtmpStatus Of(string code, string description) => new("status", code, description);

    /// <summary>Makes a status of level <c>error</c>.</summary>
    public static RtmpStatus Error(string code, string description) => new("error", code, description);

    internal AmfObject ToAmf() => new AmfObject().Add("level", Level).Add("code", Code).Add("description", Description);

    internal static RtmpStatus? From(AmfValue? value) => value is AmfObject info
        ? new RtmpStatus(info["level"]?.AsString() ?? "", info["code"]?.AsString() ?? "", info["description"]?.AsString() ?? "")
        : null;
}
