namespace Roomcast.Sfu.Speakers;

/// <summary>One voice in the choice of the active speaker.</summary>
public sealed class Speaker
{
    private int _levelSum;
    private int _levelCount;
    private int _speechCount;
    private int _told;
    private TimeSpan _toldUntil = TimeSpan.MinValue;

    internal Speaker(string name) => Name = name;

    /// <summary>Who it is.</summary>
    public string Name { get; }

    /// <summary>How loud it is over the last second or so: 0 is silence, 1 the loudest there can be.</summary>
    public double Loudness { get; private set; }

    /// <summary>How much of the last second or so was speech, 0 to 1.</summary>
    public double Activity { get; private set; }

    /// <summary>Whether it is talking now: from about half a second of speech to about a second of silence.</summary>
    public bool IsTalking { get; internal set; }

    /// <summary>Notes the level of one packet.</summary>
    /// <param name="decibelsBelowFull">0 to 127, 127 is silence.</param>
    public void OnLevel(int decibelsBelowFull)
    {
        _levelSum += Math.Clamp(decibelsBelowFull, 0, 127);
        _levelCount++;
        _speechCount += decibelsBelowFull <= SpeakerDetector.SpeechLevel ? 1 : 0;
    }

    /// <summary>Notes a level that somebody else has told of it. It counts while no packet says otherwise.</summary>
    /// <param name="decibelsBelowFull">0 to 127, 127 is silence.</param>
    /// <param name="until">Monotonic time up to which it holds.</param>
    public void OnToldLevel(int decibelsBelowFull, TimeSpan until)
    {
        _told = Math.Clamp(decibelsBelowFull, 0, 127);
        _toldUntil = until;
    }

    /// <summary>Takes what came since the last call, one tick ago.</summary>
    internal void Take(TimeSpan now)
    {
        // No packets is silence: discontinuous transmission, a muted microphone, a lost peer.
        var level = _levelCount > 0 ? _levelSum / _levelCount : now < _toldUntil ? _told : 127;

        // By the packets and not by their mean, which one pause without any sound pulls below speech; and not by the loudest alone,
        // which keys and doors have as well.
        var isSpeech = _levelCount > 0 ? _speechCount * 5 >= _levelCount * 2 : level <= SpeakerDetector.SpeechLevel;
        (_levelSum, _levelCount, _speechCount) = (0, 0, 0);

        // Some 0.4 s until a change is mostly seen.
        Loudness += 0.25 * (((127 - level) / 127.0) - Loudness);
        Activity += (isSpeech ? 0.25 : 0.15) * ((isSpeech ? 1 : 0) - Activity);
    }
}

/// <summary>Tells from audio levels who is speaking, and in which order people spoke last.</summary>
/// <remarks>
/// <para>Levels come with each packet (RFC 6464). A <see cref="TickLength"/> is speech when two fifths of its packets are louder than
/// <see cref="SpeechLevel"/>; who has been so for about half a second is speaking. The first place changes only when somebody else
/// has spoken for <see cref="TakeOver"/>, long pauses left out, and the present speaker is silent or clearly quieter: a
/// cough takes nothing over, and two who talk at once do not make the picture jump. Who falls silent keeps the place until another
/// speaks.</para>
/// <para>Sans-IO and deterministic: the owner calls <see cref="Tick"/> every <see cref="TickLength"/>. Not thread-safe.</para>
/// </remarks>
public sealed class SpeakerDetector
{
    /// <summary>How often <see cref="Tick"/> is to be called.</summary>
    public static readonly TimeSpan TickLength = TimeSpan.FromMilliseconds(100);

    /// <summary>How long somebody must have been speaking to take the first place.</summary>
    public static readonly TimeSpan TakeOver = TimeSpan.FromMilliseconds(600);

    /// <summary>Loudness, in dB below full scale, from which sound counts as speech. Smaller is louder.</summary>
    public const int SpeechLevel = 50;

    private const double SpeakingActivity = 0.6;
    private const double SyllableActivity = 0.45;
    private const double QuietActivity = 0.3;
    private const double ClearlyLouder = 1.25;

    private readonly List<Speaker> _speakers = [];
    private readonly List<Speaker> _order = [];
    private Speaker? _challenger;
    private TimeSpan _challengedFor;

    /// <summary>Voices that take part.</summary>
    public int Count => _speakers.Count;

    /// <summary>Who has the first place; null before anybody has spoken.</summary>
    public Speaker? Active => _order.Count > 0 ? _order[0] : null;

    /// <summary>Who has spoken, the last first.</summary>
    public IReadOnlyList<Speaker> Order => _order;

    /// <summary>Who is talking now, in no order; unlike <see cref="Active"/> it is left by who falls silent.</summary>
    public IEnumerable<Speaker> Talking => _speakers.Where(static speaker => speaker.IsTalking);

    /// <summary>Whether the last tick has changed who is talking.</summary>
    public bool HasTalkingChanged { get; private set; }

    /// <summary>Adds a voice.</summary>
    public Speaker Add(string name)
    {
        var speaker = new Speaker(name);
        _speakers.Add(speaker);
        return speaker;
    }

    /// <summary>Takes a voice out; its place goes to the next.</summary>
    /// <returns>Whether the order has changed: it had a place.</returns>
    public bool Remove(Speaker speaker)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        _speakers.Remove(speaker);
        _challenger = _challenger == speaker ? null : _challenger;
        return _order.Remove(speaker);
    }

    /// <summary>Draws the conclusions from the levels since the last tick.</summary>
    /// <returns>Whether the order has changed.</returns>
    public bool Tick(TimeSpan now)
    {
        Speaker? loudest = null;
        HasTalkingChanged = false;
        foreach (var speaker in _speakers)
        {
            speaker.Take(now);
            var isTalking = speaker.Activity >= (speaker.IsTalking ? QuietActivity : SpeakingActivity);
            HasTalkingChanged |= isTalking != speaker.IsTalking;
            speaker.IsTalking = isTalking;
            if (speaker.Activity >= SpeakingActivity && (loudest is null || speaker.Loudness > loudest.Loudness))
            {
                loudest = speaker;
            }
        }

        if (loudest is null && _challenger is { IsTalking: true } challenger)
        {
            // It draws breath, which counts as long as it is a short one.
            return challenger.Activity >= SyllableActivity && Challenge(challenger);
        }

        if (loudest is null || loudest == Active)
        {
            _challenger = null;
            return false;
        }

        if (Active is null)
        {
            _order.Insert(0, loudest);
            return true;
        }

        return Challenge(loudest);
    }

    private bool Challenge(Speaker loudest)
    {
        _challengedFor = _challenger == loudest ? _challengedFor + TickLength : TimeSpan.Zero;
        _challenger = loudest;
        var active = Active!;
        var yields = active.Activity < QuietActivity || loudest.Loudness > ClearlyLouder * active.Loudness;
        if (!yields || _challengedFor < TakeOver)
        {
            return false;
        }

        _challenger = null;
        _order.Remove(loudest);
        _order.Insert(0, loudest);
        return true;
    }
}
