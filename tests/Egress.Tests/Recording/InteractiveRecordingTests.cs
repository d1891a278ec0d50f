using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Recording.Interactive;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.Media.Containers.Mp4;
using Roomcast.TestKit;
using Roomcast.TestKit.Hls;

namespace Roomcast.Egress.Tests.Recording;

/// <summary>Recordings with messages of applications in them, from the wish to the archive.</summary>
public sealed class InteractiveRecordingTests : IClassFixture<EncodedMinute>, IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();
    private readonly EncodedSource _source;
    private RecordingHost _host = null!;
    private double _published;

    public InteractiveRecordingTests(EncodedMinute encoded) => _source = encoded.Source;

    public async Task InitializeAsync() => _host = await RecordingHost.StartAsync(_folder.Path, _clock);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Messages_stand_in_the_segment_of_their_time_and_those_of_a_pause_nowhere()
    {
        var (session, asked) = await StartAsync(new RecordingPlan { HoldsMessages = true, FileNamePrefix = "weekly" });
        Assert.EndsWith(".tar", asked.OutputFileName, StringComparison.Ordinal);
        Assert.StartsWith("weekly_", asked.OutputFileName, StringComparison.Ordinal);
        await PublishAsync(asked, session, 3);
        _host.Sessions.Say(session, "ID3", """{"n":1,"ü":"\u0000"}""");
        _host.Sessions.Say(session, "other", """{"n":0}""");
        await PublishAsync(asked, session, 8);
        _host.Sessions.Say(session, "ID3Data", """{"n":2}""");
        await PublishAsync(asked, session, 15);
        _host.Sessions.Say(session, "ID3", """{"n":3}""");
        Assert.Null((await _host.Recordings.PauseAsync(_host.App, asked.Id, CancellationToken.None)).Refusal);
        _host.Sessions.Say(session, "ID3", """{"n":4}""");
        Publish(session, 20);
        Assert.Null((await _host.Recordings.ResumeAsync(_host.App, asked.Id, CancellationToken.None)).Refusal);
        await PublishAsync(asked, session, 24, paused: 6);
        _host.Sessions.Say(session, "ID3", """{"n":5}""");
        await PublishAsync(asked, session, 27, paused: 6);
        _host.Sessions.Say(session, "ID3", "\"CLOSE_TRANSPORT\"");
        _host.Sessions.Say(session, "ID3", """{"n":6}""");
        var done = await StopAsync(asked);

        var bytes = await _host.DownloadAsync(done, done.MediaFile);
        Assert.Equal((asked.OutputFileName, bytes.Length), (done.MediaFile, done.FileSize));
        var archive = Unpacked.Of(bytes);
        Assert.Equal(["index.m3u8", "init.mp4"], archive.Files.Take(2).Select(file => file.Name));
        Assert.Equal(
            ["""{"n":1,"ü":"\u0000"}""", """{"n":2}""", """{"n":3}""", """{"n":5}"""], archive.Messages.Select(message => message.Text));

        // A quarter of a second after they came: so long media is held. What was sent just before a pause holds at its beginning.
        double[] expected = [3.25, 8.25, 15, 24.25 - 5];
        Assert.All(archive.Messages.Zip(expected), pair => Assert.InRange(pair.First.At, pair.Second - 1.1, pair.Second + 0.15));
        Assert.InRange(archive.Messages[0].At, 3.2, 3.3);
        Assert.InRange(archive.Messages[1].At, 8.2, 8.3);
        var segments = SegmentsOf(archive.Playlist);
        Assert.All(archive.Messages, message =>
        {
            var segment = segments.Single(each => each.Name == message.Segment);
            Assert.InRange(message.At, segment.Start - 0.001, segment.Start + segment.Duration + 0.001);
        });
        Assert.Equal(archive.Files.Skip(2).Select(file => file.Name), segments.Select(segment => segment.Name));
        Assert.All(segments.SkipLast(1).Where(each => each.Start < 11), segment => Assert.InRange(segment.Duration, 5.5, 7.1));
        Assert.InRange(segments.Sum(segment => segment.Duration), done.Duration.TotalSeconds - 0.3, done.Duration.TotalSeconds + 0.3);

        // The wall clock goes on over the pause, which took five seconds.
        var dates = segments.Select(segment => (segment.Start, segment.Date)).ToList();
        var atResume = dates.First(each => each.Start > 14.5);
        Assert.InRange((atResume.Date - dates[0].Date).TotalSeconds - atResume.Start, 4, 6.1);
        await AssertPlaysAsync(archive, segments);
    }

    [Fact]
    public async Task In_mono_and_with_the_sound_alone_beside_it_messages_are_where_they_were()
    {
        var (session, asked) = await StartAsync(new RecordingPlan { HoldsMessages = true, IsMono = true, ExportsAudio = true });
        await PublishAsync(asked, session, 3);
        _host.Sessions.Say(session, "ID3", """{"n":1}""");
        await PublishAsync(asked, session, 9);
        var done = await StopAsync(asked);
        var archive = Unpacked.Of(await _host.DownloadAsync(done, done.MediaFile));
        Assert.InRange(Assert.Single(archive.Messages).At, 3.2, 3.3);
        Assert.Equal(Path.ChangeExtension(asked.OutputFileName, ".m4a"), done.AudioFile);
        await AssertPlaysAsync(archive, SegmentsOf(archive.Playlist));
    }

    [Fact]
    public async Task The_archive_is_served_in_ranges_as_what_it_is()
    {
        var (session, asked) = await StartAsync(new RecordingPlan { HoldsMessages = true });
        await PublishAsync(asked, session, 3);
        var done = await StopAsync(asked);
        var whole = await _host.DownloadAsync(done, done.MediaFile);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_host.Address + _host.Recordings.AddressOf(done, done.MediaFile)));
        request.Headers.Range = new RangeHeaderValue(257, 261);
        using var answer = await _host.Client.SendAsync(request);
        Assert.Equal((206, "application/x-tar"), ((int)answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Equal("ustar"u8.ToArray(), await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal(0, whole.Length % 512);
    }

    [Fact]
    public void Of_too_many_messages_the_newest_are_dropped_and_counted()
    {
        var clock = new ManualClock();
        var messages = new TimedMessages(clock);
        var burst = TimedMessages.MaxPerSecond * TimedMessages.Seconds;
        for (var i = 0; i < burst + 10; i++)
        {
            messages.Hear(new RecordedMessage("ID3", Encoding.UTF8.GetBytes($"{i}")));
        }

        Assert.Equal(10, messages.Dropped);
        Assert.Equal(Enumerable.Range(0, burst).Select(i => $"{i}"), Take(messages));

        // One second later there is room for one second's; by their size, for fewer.
        clock.Advance(TimeSpan.FromSeconds(1));
        messages.Hear(new RecordedMessage("ID3", "no\0text"u8.ToArray()));
        messages.Hear(new RecordedMessage("ID3", new byte[] { 0xC3, 0x28 }));
        messages.Hear(new RecordedMessage("ID3", Encoding.UTF8.GetBytes(new string('x', TimedMessages.MaxBytes + 1))));
        Assert.Equal((13, 0), (messages.Dropped, Take(messages).Count));
        var large = new string('x', TimedMessages.MaxBytes);
        for (var i = 0; i < TimedMessages.MaxPerSecond; i++)
        {
            messages.Hear(new RecordedMessage("ID3", Encoding.UTF8.GetBytes(large)));
        }

        var room = (TimedMessages.MaxBytesPerSecond * TimedMessages.Seconds) / large.Length;
        Assert.Equal(room, Take(messages).Count);
        Assert.Equal(13 + TimedMessages.MaxPerSecond - room, messages.Dropped);

        static List<string> Take(TimedMessages messages)
        {
            var taken = new List<string>();
            while (messages.TryTake(long.MaxValue, out _, out var payload))
            {
                taken.Add(Encoding.UTF8.GetString(payload.Span));
            }

            return taken;
        }
    }

    [Fact]
    public void A_playlist_tells_each_segment_with_its_time_and_a_new_init_section_where_one_begins()
    {
        var date = new DateTimeOffset(2026, 2, 3, 4, 5, 6, 7, TimeSpan.Zero);
        Assert.Equal(
            """
            #EXTM3U
            #EXT-X-VERSION:7
            #EXT-X-TARGETDURATION:6
            #EXT-X-MEDIA-SEQUENCE:0
            #EXT-X-PLAYLIST-TYPE:VOD
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="init.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-02-03T04:05:06.007Z
            #EXTINF:6.433333,
            segment-00000.m4s
            #EXT-X-DISCONTINUITY
            #EXT-X-MAP:URI="init-1.mp4"
            #EXTINF:0.033333,
            segment-00001.m4s
            #EXT-X-ENDLIST

            """,
            InteractiveArchive.PlaylistOf(
            [
                new Mp4Segment(0, TimeSpan.Zero, TimeSpan.FromSeconds(6.433333), date, 9),
                new Mp4Segment(1, TimeSpan.FromSeconds(6.433333), TimeSpan.FromSeconds(0.033333), null, 9),
            ]));
    }

    [Theory]
    [InlineData(0, "00000000000\0")]
    [InlineData(0x1_FFFF_FFFF, "77777777777\0")]
    [InlineData(0x2_0000_0000, "\u0080\0\0\0\0\0\0\u0002\0\0\0\0")]
    public void A_file_of_an_archive_may_have_any_length(long length, string field)
    {
        var output = new MemoryStream();
        new TarWriter(output, DateTimeOffset.UnixEpoch).Begin("a", length);
        Assert.Equal(field, Encoding.Latin1.GetString(output.GetBuffer(), 124, 12));
        var sum = output.GetBuffer().Take(512).Select((each, at) => at is >= 148 and < 156 ? (int)' ' : each).Sum();
        Assert.Equal(Convert.ToString(sum, 8).PadLeft(6, '0'), Encoding.ASCII.GetString(output.GetBuffer(), 148, 6));
    }

    [Fact]
    public void An_archive_is_read_by_others()
    {
        var output = new MemoryStream();
        var archive = new TarWriter(output, DateTimeOffset.UnixEpoch.AddYears(50));
        foreach (var length in (int[])[0, 1, 511, 512, 513])
        {
            archive.Begin($"file-{length}", length);
            output.Write(new byte[length].Select(_ => (byte)length).ToArray());
        }

        archive.End();
        var files = Unpacked.Of(output.ToArray()).Files;
        Assert.Equal([0, 1, 511, 512, 513], files.Select(file => file.Bytes.Length));
        Assert.All(files, file => Assert.All(file.Bytes, each => Assert.Equal((byte)file.Bytes.Length, each)));
        Assert.Equal(0, output.Length % 512);
    }

    private static List<(string Name, double Start, double Duration, DateTimeOffset Date)> SegmentsOf(string playlist)
    {
        var segments = new List<(string, double, double, DateTimeOffset)>();
        var (start, duration, date) = (0.0, 0.0, default(DateTimeOffset));
        foreach (var line in playlist.Split('\n'))
        {
            if (line.StartsWith("#EXTINF:", StringComparison.Ordinal))
            {
                duration = double.Parse(line[8..^1], CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("#EXT-X-PROGRAM-DATE-TIME:", StringComparison.Ordinal))
            {
                date = DateTimeOffset.Parse(line[25..], CultureInfo.InvariantCulture);
            }
            else if (line.EndsWith(".m4s", StringComparison.Ordinal))
            {
                segments.Add((line, start, duration, date));
                start += duration;
            }
        }

        return segments;
    }

    /// <summary>FFmpeg decodes all of it without a word, by the playlist; and each segment alone begins with a keyframe.</summary>
    private async Task AssertPlaysAsync(Unpacked archive, List<(string Name, double Start, double Duration, DateTimeOffset Date)> segments)
    {
        var folder = Directory.CreateDirectory(_folder.PathOf(Guid.NewGuid().ToString("N"))).FullName;
        foreach (var (name, bytes) in archive.Files)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, name), bytes);
        }

        var playlist = Path.Combine(folder, "index.m3u8");
        Assert.Equal("", await RunAsync("ffmpeg", "-v", "error", "-xerror", "-allowed_extensions", "ALL", "-i", playlist, "-f", "null", "-"));
        var length = double.Parse(
            await RunAsync("ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-show_entries", "format=duration", "-of", "csv=p=0", playlist), CultureInfo.InvariantCulture);
        Assert.Equal(segments.Sum(segment => segment.Duration), length, 1);
        foreach (var segment in segments)
        {
            var alone = Path.Combine(folder, "alone.mp4");
            await File.WriteAllBytesAsync(alone, [.. archive.Files[1].Bytes, .. archive.Files.Single(file => file.Name == segment.Name).Bytes]);
            var first = await RunAsync("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0", "-read_intervals", "%+#1", alone);
            Assert.Contains("K", first, StringComparison.Ordinal);
            Assert.Equal(segment.Start, double.Parse(first.Split(',')[0], CultureInfo.InvariantCulture), 2);
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((0, ""), (process.ExitCode, await errors));
        return output.Trim();
    }

    private async Task<(Guid Session, RecordingRecord Asked)> StartAsync(RecordingPlan plan)
    {
        var meeting = Guid.NewGuid();
        var session = _host.Sessions.Begin(meeting);
        var answer = await _host.Recordings.StartAsync(_host.Wish(meeting, plan), CancellationToken.None);
        Assert.Null(answer.Refusal);
        return (session, answer.Recording!);
    }

    private async Task<RecordingRecord> StopAsync(RecordingRecord asked)
    {
        Assert.Null((await _host.Recordings.StopAsync(_host.App, asked.Id, null, CancellationToken.None)).Refusal);
        var done = await _host.WaitForAsync(asked, RecordingStatus.Uploaded, RecordingStatus.Errored);
        Assert.Null(done.ErrorMessage);
        return done;
    }

    private void Publish(Guid session, double until)
    {
        _clock.Advance(TimeSpan.FromSeconds(until - _published));
        _host.Compositions.Of(session).Publish(_source, TimeSpan.FromSeconds(_published), TimeSpan.FromSeconds(until));
        _published = until;
    }

    /// <summary>Publishes, and waits until it is written but for the fragment that grows.</summary>
    private async Task PublishAsync(RecordingRecord recording, Guid session, double until, double paused = 0)
    {
        Publish(session, until);
        var path = Path.Combine(_folder.Path, "recordings", recording.Id.ToString(), "fragments.mp4");
        await RecordingHost.UntilAsync(
            () =>
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                var recorded = Mp4RecordedFile.Read(file);
                return recorded.FragmentCount > 0 && Mp4SegmentedFile.Measure(recorded, recorded, TimeSpan.FromSeconds(1)).Duration.TotalSeconds > until - paused - 1.3;
            },
            $"{until} s are recorded");
    }
}
