namespace Roomcast.RealtimeKit.Rest.Requests;

/// <summary>What text from callers must be before it is kept or compared.</summary>
internal static class WireText
{
    /// <summary>
    /// Whether every database can hold it: no NUL, which PostgreSQL refuses, and no half of a surrogate pair, which is no
    /// character in UTF-8.
    /// </summary>
    public static bool IsStorable(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0')
            {
                return false;
            }

            if (char.IsSurrogate(text[i]))
            {
                if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                {
                    return false;
                }

                i++;
            }
        }

        return true;
    }

    /// <summary>Its length in characters as people count them for limits: Unicode code points.</summary>
    public static int CountCharacters(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count;
    }
}
