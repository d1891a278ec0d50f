using Roomcast.Egress.Composition;
using Roomcast.Server.Live;

namespace Roomcast.Server.Tests.Live;

public sealed class SceneOverlaysTests
{
    private static readonly Guid Session = Guid.NewGuid();
    private static readonly Guid First = Guid.NewGuid();
    private static readonly Guid Second = Guid.NewGuid();

    private readonly SceneOverlays _overlays = new();

    [Fact]
    public void Of_several_watermarks_the_newest_is_shown_and_taking_one_away_takes_no_other()
    {
        _overlays.Set(Session, First, Mark("first"));
        _overlays.Set(Session, Second, Mark("second"));
        Assert.Equal("second", Shown);

        _overlays.Set(Session, First, null);
        Assert.Equal("second", Shown);
        _overlays.Set(Session, First, Mark("again"));
        Assert.Equal("again", Shown);
        _overlays.Set(Session, First, null);
        Assert.Equal("second", Shown);
        _overlays.Set(Session, Second, null);
        Assert.Null(Shown);
    }

    [Fact]
    public void One_that_is_not_there_takes_nothing_away_and_sessions_have_their_own()
    {
        var told = new List<Guid>();
        _overlays.Changed += told.Add;
        var elsewhere = Guid.NewGuid();
        _overlays.Set(Session, First, Mark("first"));
        _overlays.Set(elsewhere, Second, Mark("elsewhere"));
        _overlays.Set(Session, Second, null);
        Assert.Equal("first", Shown);

        _overlays.Forget(Session);
        _overlays.Forget(Session);
        Assert.Null(Shown);
        Assert.Equal("elsewhere", _overlays.Find(elsewhere)?.File);
        Assert.Equal([Session, elsewhere, Session], told);
    }

    private string? Shown => _overlays.Find(Session)?.File;

    private static SceneWatermark Mark(string file) => new(file, SceneCorner.LeftTop, 0, 0);
}
