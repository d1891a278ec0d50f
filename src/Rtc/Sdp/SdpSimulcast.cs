using System.Diagnostics.CodeAnalysis;

namespace Roomcast.Rtc.Sdp;

/// <summary>An <c>a=rid</c> line: the name of an encoding (RFC 8851).</summary>
/// <param name="Id">1 to 255 letters and digits; Chrome uses those given by the page.</param>
/// <param name="IsSend">Whether the writer sends it.</param>
/// <param name="Restrictions">What stands behind, unread; null when nothing does.</param>
public sealed record SdpRid(string Id, bool IsSend, string? Restrictions = null)
{
    private const int MaxIdLength = 255;

    /// <summary>Reads the value.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out SdpRid? rid)
    {
        rid = null;
        var words = value?.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        if (words is null || words.Length < 2 || !IsId(words[0]) || words[1] is not ("send" or "recv"))
        {
            return false;
        }

        rid = new SdpRid(words[0], words[1] == "send", words.Length == 3 ? words[2] : null);
        return true;
    }

    /// <summary>The value of the line.</summary>
    public override string ToString() =>
        $"{Id} {(IsSend ? "send" : "recv")}{(Restrictions is null ? string.Empty : " " + Restrictions)}";

    // RFC 8852 section 3.1 allows letters and digits; RFC 8851 a dash and an underscore too.
    internal static bool IsId(string text) =>
        text.Length is > 0 and <= MaxIdLength && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');
}

/// <summary>One encoding in an <c>a=simulcast</c> line.</summary>
/// <param name="Rid">Its name.</param>
/// <param name="IsPaused">Whether it is agreed but not sent for now: written with a tilde.</param>
public readonly record struct SdpSimulcastEncoding(string Rid, bool IsPaused)
{
    /// <inheritdoc/>
    public override string ToString() => IsPaused ? "~" + Rid : Rid;
}

/// <summary>An <c>a=simulcast</c> line: encodings of one track that are sent or received together (RFC 8853).</summary>
/// <remarks>Of alternatives for one encoding, which no browser offers, the first is taken.</remarks>
/// <param name="Send">What the writer sends, best first by custom.</param>
/// <param name="Receive">What the writer is ready to receive.</param>
public sealed record SdpSimulcast(IReadOnlyList<SdpSimulcastEncoding> Send, IReadOnlyList<SdpSimulcastEncoding> Receive)
{
    private const int MaxEncodings = 16;

    /// <summary>Reads the value.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out SdpSimulcast? simulcast)
    {
        simulcast = null;
        var words = value?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is null || words.Length is not (2 or 4))
        {
            return false;
        }

        IReadOnlyList<SdpSimulcastEncoding> send = [];
        IReadOnlyList<SdpSimulcastEncoding> receive = [];
        for (var i = 0; i < words.Length; i += 2)
        {
            if (words[i] is not ("send" or "recv") || !TryParseEncodings(words[i + 1], out var encodings))
            {
                return false;
            }

            if (words[i] == "send")
            {
                send = encodings;
            }
            else
            {
                receive = encodings;
            }
        }

        simulcast = new SdpSimulcast(send, receive);
        return true;
    }

    /// <summary>The value of the line.</summary>
    public override string ToString()
    {
        var send = Send.Count > 0 ? "send " + string.Join(';', Send) : string.Empty;
        var receive = Receive.Count > 0 ? "recv " + string.Join(';', Receive) : string.Empty;
        return send.Length > 0 && receive.Length > 0 ? $"{send} {receive}" : send + receive;
    }

    private static bool TryParseEncodings(string text, out List<SdpSimulcastEncoding> encodings)
    {
        encodings = [];

        // A draft that Firefox once followed wrote "rid=a;b".
        text = text.StartsWith("rid=", StringComparison.Ordinal) ? text[4..] : text;
        foreach (var part in text.Split(';', MaxEncodings + 1))
        {
            var comma = part.IndexOf(',', StringComparison.Ordinal);
            var first = comma < 0 ? part : part[..comma];
            var isPaused = first.StartsWith('~');
            var rid = isPaused ? first[1..] : first;
            if (encodings.Count == MaxEncodings || !SdpRid.IsId(rid))
            {
                return false;
            }

            encodings.Add(new SdpSimulcastEncoding(rid, isPaused));
        }

        return true;
    }
}
