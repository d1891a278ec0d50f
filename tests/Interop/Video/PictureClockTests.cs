using Roomcast.TestKit;
using Roomcast.TestKit.Video;

namespace Roomcast.Interop.Video;

/// <summary>The measure is measured first: what the picture clock says of files that FFmpeg made of it.</summary>
public sealed class PictureClockTests
{
    [Theory]
    [InlineData(640, 360)]
    [InlineData(1_280, 720)]
    [InlineData(120, 60)]
    public void A_picture_reads_as_it_was_drawn(int width, int height)
    {
        var gray = new byte[width * height];
        for (var counter = 0u; counter < 90; counter++)
        {
            var stamp = new PictureStamp(counter * 0x1357_9BDF, counter * 0x0246_8ACE);
            PictureClock.Draw(gray, width, height, stamp, counter % 2 == 0);
            Assert.True(PictureClock.TryRead(gray, width, height, out var read));
            Assert.Equal(stamp, read);
            Assert.Equal(counter % 2 == 0, PictureClock.ReadsFlash(gray, width, height));
        }
    }

    [Theory]
    [InlineData("libx264", 0, 0)]
    [InlineData("libx264", 2, 0)]
    [InlineData("libx264", 2, 16_777)]
    [InlineData("libx265", 0, 0)]
    public async Task Encoding_keeps_every_picture_and_every_beep_in_its_place(string encoder, int bFrames, int firstTimestamp)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("clock.ts");
        var options = new PictureClockOptions
        {
            VideoEncoder = encoder,
            BFrames = bFrames,
            FirstTimestamp = TimeSpan.FromSeconds(firstTimestamp),
            IsLive = false,
            FrameCount = 180,
        };
        await using (var source = PictureClockSource.Start(options, "-f", "mpegts", file))
        {
            await source.WaitForEndAsync();
            Assert.True(source.ExitCode == 0, source.Log);
        }

        var reading = await PictureClockReader.ReadAsync(file);

        Assert.Empty(reading.FindFaults());
        Assert.Equal(180, reading.Pictures.Count);
        Assert.Equal(2, reading.AudioOffsets.Count); // The first flash of all has no dark picture before it.
        Assert.All(reading.AudioOffsets, offset => Assert.InRange(offset.TotalMilliseconds, -25, 25));
    }

    [Theory]
    [InlineData(120)]
    [InlineData(60)]
    public async Task Late_sound_is_found(int lateMs)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("clock.ts");
        await using (var source = PictureClockSource.Start(
            new PictureClockOptions { IsLive = false, FrameCount = 180 }, "-af", $"adelay={lateMs}", "-f", "mpegts", file))
        {
            await source.WaitForEndAsync();
        }

        var reading = await PictureClockReader.ReadAsync(file);

        Assert.NotEmpty(reading.AudioOffsets);
        Assert.All(reading.AudioOffsets, offset => Assert.InRange(offset.TotalMilliseconds, lateMs - 15, lateMs + 15));
    }

    [Fact]
    public async Task A_lost_and_a_doubled_picture_are_found()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("clock.mkv");
        await using (var source = PictureClockSource.Start(
            new PictureClockOptions { IsLive = false, FrameCount = 60, WithSound = false }, "-vf", "select='not(eq(n,20))',loop=1:1:40", "-fps_mode", "passthrough", file))
        {
            await source.WaitForEndAsync();
            Assert.True(source.ExitCode == 0, source.Log);
        }

        var faults = (await PictureClockReader.ReadAsync(file, withSound: false)).FindFaults();

        Assert.Contains(faults, fault => fault.Contains("Picture 21 follows 19", StringComparison.Ordinal));
        Assert.Equal(2, faults.Count);
    }
}
