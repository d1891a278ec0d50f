using Roomcast.Egress.Recording;
using Roomcast.Egress.Worker.Converting;
using Roomcast.Media.Containers.Mp4;
using Roomcast.TestKit;

namespace Roomcast.Egress.Worker.Tests.Converting;

public sealed class ConversionTests(RecordedPiece piece) : IClassFixture<RecordedPiece>, IDisposable
{
    private const double Frame = 1 / 30.0;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_film_keeps_every_picture_its_time_and_its_sound(bool isVp9, bool isMono)
    {
        var path = _folder.PathOf("film.webm");
        var result = Run(new ConversionOrder { WebMPath = path, IsVp9 = isVp9, IsMono = isMono });
        Assert.Equal((true, 0L), (result.HasSound, result.Damaged));

        var film = await DecodedFile.OfAsync(path);
        Assert.Equal($"{(isVp9 ? "vp9" : "vp8")},320,180;vorbis,{(isMono ? 1 : 2)}", film.Codecs);
        Assert.Equal(180, film.Times.Count);
        for (var i = 0; i < film.Times.Count; i++)
        {
            Assert.Equal(i < 90 ? i * Frame : RecordedPiece.GapEnd + ((i - 90) * Frame), film.Times[i], 0.0011);
        }

        Assert.Equal(8, film.Duration, 0.05);
        CheckSound(film, isMono);
        foreach (var half in (double[])[0, RecordedPiece.GapEnd])
        {
            // White, and the tone with it.
            var white = film.Times.Where((at, index) => at >= half && film.Lights[index] > 225).ToList();
            Assert.Equal(half + 2, white[0], 0.0011);
            Assert.Equal(white[0], DecodedFile.OnsetOf(film.Right, 1_000, half + 1.5), Frame / 2);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_can_go_anywhere_in_a_film(bool isVp9)
    {
        var path = _folder.PathOf("film.webm");
        Run(new ConversionOrder { WebMPath = path, IsVp9 = isVp9 });
        var packet = await DecodedFile.RunAsync(
            "ffprobe", ["-v", "error", "-select_streams", "v", "-read_intervals", "5.5%+#1", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0", path]);

        // The keyframe that is due after the gap.
        Assert.StartsWith("5.000000,K", packet, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_mp3_file_tells_its_length_and_begins_with_its_first_sample(bool isMono)
    {
        var path = _folder.PathOf("sound.mp3");
        Run(new ConversionOrder { Mp3Path = path, IsMono = isMono });
        var sound = await DecodedFile.OfAsync(path);
        Assert.Equal($"mp3,{(isMono ? 1 : 2)}", sound.Codecs);

        // From the first sound, which is a second late, to the last; what the encoder put around it is left out by its front.
        Assert.InRange(sound.Left.Length, 48_000 * 7, (48_000 * 7) + 1_100);
        Assert.Equal(7, sound.Duration, 0.1);
        Assert.Equal(1, DecodedFile.OnsetOf(sound.Right, 1_000, 0.5), 0.012);
        Assert.Equal(6, DecodedFile.OnsetOf(sound.Right, 1_000, 5.5), 0.012);
        Assert.Equal(isMono ? 0.2 : 0.4, DecodedFile.Amplitude(sound.Left, 440, 0.2, 0.8), 0.03);
    }

    [Fact]
    public async Task Fragments_of_one_channel_keep_their_picture_as_it_is()
    {
        var encoded = _folder.PathOf("encoded.mp4");
        Run(new ConversionOrder { FragmentsPath = encoded, IsMono = true });
        var (before, after) = (_folder.PathOf("before.mp4"), _folder.PathOf("after.mp4"));
        Finish(piece.Path, before);
        Finish(encoded, after);
        string[] Hash(string path) => ["-v", "error", "-i", path, "-map", "0:v", "-c", "copy", "-f", "framemd5", "-"];
        Assert.Equal(await DecodedFile.RunAsync("ffmpeg", Hash(before)), await DecodedFile.RunAsync("ffmpeg", Hash(after)));
        var film = await DecodedFile.OfAsync(after);
        Assert.Equal("h264,320,180;aac,1", film.Codecs);
        CheckSound(film, isMono: true);
        Assert.Equal(7, DecodedFile.OnsetOf(film.Right, 1_000, 6.5), 0.012);
    }

    [Fact]
    public async Task A_recording_that_is_cut_off_anywhere_becomes_what_is_whole_of_it_or_is_refused()
    {
        var whole = await File.ReadAllBytesAsync(piece.Path);
        var cut = _folder.PathOf("cut.mp4");
        var (made, refused) = (0, 0);
        for (var length = 0; length < whole.Length; length += 1 + (whole.Length / 40))
        {
            await File.WriteAllBytesAsync(cut, whole[..length]);
            var path = _folder.PathOf("cut.webm");
            try
            {
                Conversion.Run(new ConversionOrder { Source = cut, WebMPath = path, Mp3Path = _folder.PathOf("cut.mp3") }, () => { });
                await DecodedFile.RunAsync("ffmpeg", ["-v", "error", "-i", path, "-f", "null", "-"]);
                made++;
            }
            catch (ConversionException)
            {
                refused++;
            }
        }

        Assert.True(made > 20 && refused > 0, $"{made} were made and {refused} refused.");
    }

    [Fact]
    public async Task A_recording_that_is_damaged_anywhere_is_converted_or_refused_and_never_waited_for()
    {
        var whole = await File.ReadAllBytesAsync(piece.Path);
        var random = new Random(4_711);
        var broken = _folder.PathOf("broken.mp4");
        for (var round = 0; round < 25; round++)
        {
            var bytes = (byte[])whole.Clone();
            for (var hit = 0; hit < 1 + (round * 4); hit++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            await File.WriteAllBytesAsync(broken, bytes);
            try
            {
                Conversion.Run(new ConversionOrder { Source = broken, WebMPath = _folder.PathOf("b.webm"), Mp3Path = _folder.PathOf("b.mp3") }, () => { });
                await DecodedFile.RunAsync("ffmpeg", ["-v", "error", "-i", _folder.PathOf("b.webm"), "-f", "null", "-"]);
            }
            catch (ConversionException)
            {
                // Told.
            }
        }
    }

    [Fact]
    public async Task A_converter_whose_server_is_gone_ends_wherever_it_is()
    {
        // Of a pipe that nobody writes to nothing ever comes.
        var pipe = _folder.PathOf("source");
        using (var make = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            await make.WaitForExitAsync();
        }

        var worker = Path.ChangeExtension(typeof(Conversion).Assembly.Location, ".dll");
        var start = new System.Diagnostics.ProcessStartInfo("dotnet",
        [
            worker, ConversionWire.Argument, "--source", pipe, "--mp3", _folder.PathOf("made.mp3"), "--channels", "2",
            "--video-bitrate", "1000000", "--audio-bitrate", "128000", "--frame-rate", "30", "--min-free", "0", "--nice", "0",
        ])
        { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = System.Diagnostics.Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            while ((await File.ReadAllTextAsync($"/proc/{process.Id}/stat", patience.Token)).Split(' ')[2] != "S"
                || Directory.GetDirectories($"/proc/{process.Id}/task").Length < 5)
            {
                await Task.Delay(50, patience.Token);
            }

            Assert.False(process.HasExited);
            process.StandardInput.Close();
            await process.WaitForExitAsync(patience.Token);
            Assert.Equal((ConversionWire.Failed, ""), (process.ExitCode, await process.StandardError.ReadToEndAsync()));
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public void A_full_disk_is_told_as_one()
    {
        using var disk = SmallDisk.Mount(sizeKiB: 64);
        Assert.Throws<NoRoomException>(() => Run(new ConversionOrder { WebMPath = Path.Combine(disk.Path, "film.webm") }));
        Assert.Throws<NoRoomException>(() => Run(new ConversionOrder { Mp3Path = _folder.PathOf("sound.mp3"), MinFreeBytes = 1L << 60 }));
    }

    [Fact]
    public void A_command_line_is_read_and_a_wrong_one_is_not()
    {
        var order = ConversionOrder.TryRead([ConversionWire.Argument, "--source", "a", "--vp9", "b", "--channels", "1", "--nice", "15"]);
        Assert.Equal(new ConversionOrder { Source = "a", WebMPath = "b", IsVp9 = true, IsMono = true, Nice = 15 }, order);
        Assert.Null(ConversionOrder.TryRead([ConversionWire.Argument, "--channels", "3"]));
        Assert.Null(ConversionOrder.TryRead([ConversionWire.Argument, "--nice"]));
        Assert.Null(ConversionOrder.TryRead(["/a/socket"]));
    }

    private static void CheckSound(DecodedFile film, bool isMono)
    {
        // Nothing before it begins, silence in the gap, and each tone where it belongs.
        Assert.Equal(0, DecodedFile.Amplitude(film.Left, 440, 0.2, 0.8), 0.01);
        Assert.Equal(0, DecodedFile.Amplitude(film.Left, 440, 3.5, 4.5), 0.01);
        foreach (var half in (double[])[0, RecordedPiece.GapEnd])
        {
            Assert.Equal(isMono ? 0.2 : 0.4, DecodedFile.Amplitude(film.Left, 440, half + 1.3, half + 1.9), 0.03);
            Assert.Equal(isMono ? 0.2 : 0, DecodedFile.Amplitude(film.Right, 440, half + 1.3, half + 1.9), 0.03);
            Assert.Equal(isMono ? 0.2 : 0.4, DecodedFile.Amplitude(film.Right, 1_000, half + 2.03, half + 2.17), 0.05);
            Assert.Equal(isMono ? 0.2 : 0, DecodedFile.Amplitude(film.Left, 1_000, half + 2.03, half + 2.17), 0.05);
        }
    }

    private static void Finish(string fragments, string path)
    {
        using var source = File.OpenRead(fragments);
        using var output = File.Create(path);
        Mp4ProgressiveFile.Write(Mp4RecordedFile.Read(source), source, output);
    }

    private ConversionResult Run(ConversionOrder order) => Conversion.Run(order with { Source = piece.Path }, () => { });
}
