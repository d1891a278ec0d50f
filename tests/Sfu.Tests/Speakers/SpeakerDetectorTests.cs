using Roomcast.Sfu.Speakers;

namespace Roomcast.Sfu.Tests.Speakers;

public sealed class SpeakerDetectorTests
{
    private const int Loud = 20;
    private const int Quiet = 40;
    private const int Silent = 90;

    private readonly SpeakerDetector _detector = new();
    private readonly Speaker _first;
    private readonly Speaker _second;
    private readonly List<(double At, string Name)> _changes = [];
    private TimeSpan _now = TimeSpan.FromSeconds(5);

    public SpeakerDetectorTests()
    {
        _first = _detector.Add("first");
        _second = _detector.Add("second");
    }

    [Fact]
    public void Nobody_is_active_while_all_are_silent()
    {
        Run(5, Silent, Silent);
        Assert.Null(_detector.Active);
        Assert.Empty(_changes);
    }

    [Fact]
    public void Who_speaks_is_active_within_a_second_and_stays_so_in_silence()
    {
        Run(1, Loud, Silent);
        Assert.Equal(_first, _detector.Active);
        Run(60, Silent, Silent);

        Assert.Equal(_first, _detector.Active);
        Assert.Single(_changes);
    }

    [Fact]
    public void Who_falls_silent_talks_no_longer_and_two_may_talk_at_once()
    {
        Run(1, Loud, Silent);
        Assert.Equal([_first], _detector.Talking);
        Run(1, Quiet, Loud);
        Assert.Equal([_first, _second], _detector.Talking);
        Assert.False(_detector.HasTalkingChanged);
        Run(2, Silent, Silent);
        Assert.Empty(_detector.Talking);
        Assert.NotNull(_detector.Active);
    }

    [Fact]
    public void The_place_goes_to_who_speaks_next_after_a_moment()
    {
        Run(3, Loud, Silent);
        Run(3, Silent, Loud);

        Assert.Equal(["first", "second"], _changes.Select(change => change.Name));
        Assert.InRange(_changes[1].At, 3.6, 4.8);
        Assert.Equal([_second, _first], _detector.Order);
    }

    [Fact]
    public void A_cough_takes_nothing_over()
    {
        Run(3, Loud, Silent);
        Run(0.3, Loud, 5);
        Run(3, Loud, Silent);
        Run(0.3, Silent, 5);
        Run(3, Silent, Silent);

        Assert.Single(_changes);
    }

    [Fact]
    public void Two_who_talk_at_once_do_not_make_the_picture_jump()
    {
        Run(3, Loud, Silent);
        for (var i = 0; i < 30; i++)
        {
            Run(0.5, Loud, Loud - 3);
            Run(0.5, Loud - 3, Loud);
        }

        Assert.Single(_changes);
    }

    [Fact]
    public void Who_is_clearly_louder_takes_over_from_who_goes_on_speaking()
    {
        Run(3, Quiet, Silent);
        Run(3, Quiet + 8, 5);

        Assert.Equal(_second, _detector.Active);
    }

    /// <summary>Syllables of 220 ms and gaps without any sound of 280 ms, wherever the ticks of 100 ms fall in them.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    public void Who_speaks_in_syllables_takes_over_from_who_is_silent(int offsetMs)
    {
        Run(3, Loud, Silent);
        var atMs = offsetMs;
        for (var tick = 0; tick < 50; tick++)
        {
            for (var packet = 0; packet < 5; packet++, atMs += 20)
            {
                _first.OnLevel(127);
                _second.OnLevel(atMs % 500 < 220 ? Loud : 127);
            }

            Tick();
        }

        Assert.Equal(["first", "second"], _changes.Select(change => change.Name));
        Assert.InRange(_changes[1].At, 3.6, 5);
    }

    [Fact]
    public void Clicks_as_of_keys_are_no_speech()
    {
        Run(3, Loud, Silent);
        for (var tick = 0; tick < 50; tick++)
        {
            for (var packet = 0; packet < 5; packet++)
            {
                _first.OnLevel(127);
                _second.OnLevel(packet == tick % 5 ? Loud : 65);
            }

            Tick();
        }

        Assert.Single(_changes);
        Assert.Empty(_detector.Talking);
    }

    [Fact]
    public void One_word_takes_nothing_over()
    {
        Run(3, Loud, Silent);
        for (var word = 0; word < 5; word++)
        {
            Run(0.5, Silent, Loud);
            Run(3, Silent, Silent);
        }

        Assert.Single(_changes);
    }

    [Fact]
    public void Who_leaves_gives_the_place_to_the_next()
    {
        Run(2, Loud, Silent);
        Run(3, Silent, Loud);
        Assert.True(_detector.Remove(_second));

        Assert.Equal(_first, _detector.Active);
        Assert.False(_detector.Remove(_second));
    }

    [Fact]
    public void Who_leaves_changes_the_order_wherever_its_place_was_and_only_when_it_had_one()
    {
        var silent = _detector.Add("silent");
        Run(2, Loud, Silent);
        Run(3, Silent, Loud);

        Assert.False(_detector.Remove(silent));
        Assert.True(_detector.Remove(_first));
        Assert.Equal([_second], _detector.Order);
    }

    private void Run(double seconds, int first, int second)
    {
        for (var tick = 0; tick < (int)Math.Round(seconds * 10); tick++)
        {
            for (var packet = 0; packet < 5; packet++)
            {
                _first.OnLevel(first);
                _second.OnLevel(second);
            }

            Tick();
        }
    }

    private void Tick()
    {
        _now += SpeakerDetector.TickLength;
        if (_detector.Tick(_now))
        {
            _changes.Add(((_now - TimeSpan.FromSeconds(5)).TotalSeconds, _detector.Active!.Name));
        }
    }
}
