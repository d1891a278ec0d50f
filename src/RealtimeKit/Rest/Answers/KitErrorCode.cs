namespace Roomcast.RealtimeKit.Rest.Answers;

/// <summary>The numeric codes of this API's errors: the HTTP status times 100, plus a number of our own.</summary>
internal enum KitErrorCode
{
    MalformedJson = 400_00,
    Validation = 400_01,
    MissingCredentials = 401_00,
    InvalidToken = 401_01,
    NoRight = 403_00,
    UnknownRoute = 404_00,
    ObjectNotFound = 404_01,
    NoActiveSession = 404_02,
    NoActiveRecording = 404_03,
    NoActiveLivestream = 404_04,
    MethodNotAllowed = 405_00,
    DuplicateName = 409_00,
    AlreadyRunning = 409_01,
    IllegalStateChange = 409_02,
    LimitReached = 409_03,
    BodyTooLarge = 413_00,
    UnsupportedMediaType = 415_00,
    TooManyRequests = 429_00,
    Fault = 500_00,
    Unavailable = 503_00,
}

internal static class KitErrorCodes
{
    /// <summary>The HTTP status that goes with a code.</summary>
    public static int Status(this KitErrorCode code) => (int)code / 100;
}
