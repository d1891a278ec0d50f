using Roomcast.Meetings.Sessions.Rules;

namespace Roomcast.Meetings.Sessions.Features;

/// <summary>Bounds of what peers write.</summary>
internal static class Texts
{
    /// <summary>Shortens a text without cutting a character in half.</summary>
    public static string Cut(string text, int most) =>
        text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];

    /// <summary>Refuses a text that is too long, or empty where it must not be.</summary>
    public static void Check(string text, string what, int most, bool mayBeEmpty = false)
    {
        if (text.Length > most)
        {
            throw new SessionException(SessionFault.Invalid, $"{what} is longer than {most} characters");
        }

        if (!mayBeEmpty && text.Length == 0)
        {
            throw new SessionException(SessionFault.Invalid, $"{what} is empty");
        }

        // The databases cannot hold it.
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new SessionException(SessionFault.Invalid, $"{what} must not contain NUL");
        }
    }
}
