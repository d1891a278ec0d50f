using Roomcast.Livestreams.Delivery;
using Roomcast.TestKit;

namespace Roomcast.Livestreams.Tests.Delivery;

public sealed class OpenSegmentsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly OpenSegments _open = new(most: 2);

    public void Dispose()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            _open.Forget(_folder.PathOf(name));
        }

        _folder.Dispose();
    }

    [Fact]
    public void A_file_read_again_is_not_opened_again()
    {
        var first = _open.Rent(Write("a"));
        _open.Return(first);
        var second = _open.Rent(_folder.PathOf("a"));
        Assert.Same(first.Handle, second.Handle);
        Assert.Equal((byte)'a', Read(second));
        _open.Return(second);
    }

    [Fact]
    public void The_file_read_longest_ago_is_closed_when_there_are_too_many()
    {
        var files = ((string[])["a", "b"]).Select(name => _open.Rent(Write(name))).ToList();
        files.ForEach(_open.Return);
        _open.Return(_open.Rent(_folder.PathOf("a")));
        _open.Return(_open.Rent(Write("c")));
        Assert.Equal(2, _open.Count);
        Assert.False(files[0].Handle.IsClosed);
        Assert.True(files[1].Handle.IsClosed);
    }

    [Fact]
    public void A_file_deleted_while_it_is_read_is_closed_after_the_reading()
    {
        var file = _open.Rent(Write("a"));
        File.Delete(file.Path);
        _open.Forget(file.Path);
        Assert.Equal((byte)'a', Read(file));
        _open.Return(file);
        Assert.True(file.Handle.IsClosed);
        Assert.Throws<FileNotFoundException>(() => _open.Rent(file.Path));
        Assert.Equal(0, _open.Count);
    }

    private string Write(string name)
    {
        File.WriteAllText(_folder.PathOf(name), name);
        return _folder.PathOf(name);
    }

    private static byte Read(OpenSegments.OpenFile file)
    {
        var letter = new byte[1];
        Assert.Equal(1, RandomAccess.Read(file.Handle, letter, 0));
        return letter[0];
    }
}
