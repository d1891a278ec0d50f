namespace Roomcast.Rtc.Sdp;

/// <summary>The four attributes that name a direction.</summary>
internal static class DirectionNames
{
    public static readonly string[] All = ["sendrecv", "sendonly", "recvonly", "inactive"];

    public static string Of(SdpDirection direction) => All[(int)direction];

    public static bool TryRead(string name, out SdpDirection direction)
    {
        direction = (SdpDirection)Array.IndexOf(All, name);
        return direction >= 0;
    }
}

/// <summary>The values of <c>a=setup</c>.</summary>
internal static class SetupNames
{
    private static readonly string[] All = ["actpass", "active", "passive", "holdconn"];

    public static string Of(SdpSetup setup) => All[(int)setup];

    public static bool TryRead(string? name, out SdpSetup setup)
    {
        setup = (SdpSetup)Array.IndexOf(All, name);
        return setup >= 0;
    }
}
