using System.Security.Cryptography.X509Certificates;
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Client.Meeting;
using Roomcast.Media;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// A participant of the client for .NET beside those in browsers: sends a coded picture and a tone of its own, and sees and hears
/// by decoding what it has received.
/// </summary>
internal sealed class DotNetParticipant : IAsyncDisposable
{
    private const int FramesPerSecond = 12;
    private const int PictureCount = 10;
    private const int PicturesOfATake = 36;
    private const int PacketsOfATake = 150;
    private const int PixelsAcross = 64;
    private const int PixelsDown = 48;
    private const int WindowSamples = ComposedReading.SampleRateHz / 20;

    private static readonly TimeSpan LongestTake = TimeSpan.FromSeconds(20);

    private readonly string _folder;
    private readonly X509Certificate2 _authority;
    private readonly SocketsHttpHandler _handler;
    private int _takes;

    private DotNetParticipant(RealtimeKitClient meeting, string folder, X509Certificate2 authority, SocketsHttpHandler handler)
    {
        (Meeting, _folder, _authority, _handler) = (meeting, folder, authority, handler);
    }

    public RealtimeKitClient Meeting { get; }

    /// <summary>Joins as one of the four, with that one's picture and tone.</summary>
    /// <param name="server">Where the meeting is.</param>
    /// <param name="at">The address it is reached by; a network may stand there.</param>
    /// <param name="meetingId">The meeting.</param>
    /// <param name="number">Which participant.</param>
    public static async Task<DotNetParticipant> JoinAsync(MeetingServer server, Uri at, string meetingId, int number)
    {
        var folder = Directory.CreateDirectory(Path.Combine(server.Folder, $"dotnet-{number}-{Guid.NewGuid():N}")).FullName;
        var (raw, tone) = (Path.Combine(folder, "camera.y4m"), Path.Combine(folder, "tone.wav"));
        var (picture, sound) = (Path.Combine(folder, "camera.ivf"), Path.Combine(folder, "tone.ogg"));
        CodedPicture.WriteVideo(raw, number, 320, 240, FramesPerSecond);
        CodedPicture.WriteTone(tone, MeetProbe.Tones[number]);
        await FfmpegTool.RunAsync("-i", raw, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k", "-g", "12", picture);
        await FfmpegTool.RunAsync("-i", tone, "-c:a", "libopus", "-b:a", "64k", "-application", "lowdelay", sound);

        var authority = X509CertificateLoader.LoadCertificateFromFile(server.Authority);
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => IsOf(authority, certificate) } };
        var meeting = await RealtimeKitClient.InitAsync(new RealtimeKitOptions
        {
            AuthToken = await server.AddParticipantAsync(meetingId, MeetingServer.Names[number], "group_call_participant"),
            BaseUri = at,
            HttpHandler = handler,
            CertificateValidation = (_, certificate, _, _) => IsOf(authority, certificate),
            Video = await IvfVideoSource.OpenAsync(picture, repeats: true),
            Audio = await OggAudioSource.OpenAsync(sound, repeats: true),
        });
        var participant = new DotNetParticipant(meeting, folder, authority, handler);
        await meeting.JoinAsync();
        return participant;
    }

    /// <summary>Watches somebody: the pictures are that participant's own, whole, and move as the source's do.</summary>
    public async Task AssertSeesAsync(string name)
    {
        var expected = CodedPicture.Colours[MeetingServer.Names.ToList().IndexOf(name)];
        List<SeenPicture> seen = [];
        for (var begun = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(begun) < MeetTab.Patience;)
        {
            seen = await TakeAsync(name, TrackKind.Video) is { } file
                ? Distinct(Read(await ComposedReading.OfAsync(file, MeetTab.Patience, PixelsAcross, PixelsDown, withSound: false)))
                : [];
            if (seen.Count(each => each.IsRead) >= PictureCount)
            {
                break;
            }
        }

        var read = seen.Where(each => each.IsRead).ToList();
        Assert.True(read.Count >= PictureCount, $"Only {read.Count} of {seen.Count} pictures of {name} could be read; {Arrived(name)}.");
        Assert.True(read.Count >= seen.Count - 2, $"Only {read.Count} of {seen.Count} pictures of {name} were whole.");
        Assert.All(read, each =>
        {
            Assert.InRange(each.Bar, (each.Number * 56.0 / 256) + 4 - 2, (each.Number * 56.0 / 256) + 4 + 2);
            Assert.InRange(each.Colour[0], expected.Red - 45, expected.Red + 45);
            Assert.InRange(each.Colour[1], expected.Green - 45, expected.Green + 45);
            Assert.InRange(each.Colour[2], expected.Blue - 45, expected.Blue + 45);
        });

        // One after another, though not each: the numbers go up, and begin anew at 256.
        Assert.All(read.Zip(read.Skip(1)), pair => Assert.InRange((pair.Second.Number - pair.First.Number + 256) % 256, 1, 128));
    }

    /// <summary>Listens until somebody's tone is heard, and no other's in the same sound.</summary>
    public async Task WaitUntilHearsAsync(string name)
    {
        var expected = MeetingServer.Names.ToList().IndexOf(name);
        double[] heard = [];
        for (var begun = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(begun) < MeetTab.Patience;)
        {
            if (await TakeAsync(name, TrackKind.Audio) is not { } file)
            {
                continue;
            }

            heard = Levels((await ComposedReading.OfAsync(file, MeetTab.Patience, withPicture: false)).Sound);
            if (heard[expected] > -40 && heard.Where((_, tone) => tone != expected).All(level => level < heard[expected] - 15))
            {
                return;
            }
        }

        Assert.Fail($"{name} was heard as {string.Join(", ", heard.Select(level => Math.Round(level)))} dB of the four tones; {Arrived(name)}.");
    }

    /// <summary>Waits until somebody wrote something.</summary>
    public async Task WaitForChatAsync(string name, string text)
    {
        for (var begun = TimeProvider.System.GetTimestamp(); !Meeting.Chat.Messages.Any(message => message.DisplayName == name && message.Text == text);)
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(begun) < MeetTab.Patience,
                $"{name} did not write '{text}', but: {string.Join("; ", Meeting.Chat.Messages.Select(message => $"{message.DisplayName}: {message.Text}"))}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Meeting.DisposeAsync();
        _handler.Dispose();
        _authority.Dispose();
    }

    // By whatever name it is reached: a network in between has one of its own.
    private static bool IsOf(X509Certificate2 authority, X509Certificate? certificate)
    {
        if (certificate is null)
        {
            return false;
        }

        using var chain = new X509Chain
        {
            ChainPolicy = { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { authority } },
        };
        using var judged = new X509Certificate2(certificate);
        return chain.Build(judged);
    }

    private string Arrived(string name) => Meeting.Participants.Joined.ToArray().FirstOrDefault(participant => participant.Name == name) is { } whose
        ? $"{whose.VideoTrack?.Frames ?? -1} pictures and {whose.AudioTrack?.Frames ?? -1} packets of sound came, of {_takes} takes"
        : $"{name} is not there, and the state is {Meeting.Self.RoomState}";

    /// <summary>Records some of a track; null when there is none, or nothing came of it.</summary>
    private async Task<string?> TakeAsync(string name, TrackKind kind)
    {
        var whose = Meeting.Participants.Joined.ToArray().FirstOrDefault(participant => participant.Name == name);
        if ((kind is TrackKind.Video ? whose?.VideoTrack : whose?.AudioTrack) is not { } track)
        {
            await Task.Delay(100);
            return null;
        }

        var file = Path.Combine(_folder, $"take-{++_takes}.webm");
        await using var recorder = new WebMRecorder(file, kind);
        track.AddSink(recorder);
        for (var begun = TimeProvider.System.GetTimestamp();
            recorder.Frames < (kind is TrackKind.Video ? PicturesOfATake : PacketsOfATake) && !track.IsEnded && TimeProvider.System.GetElapsedTime(begun) < LongestTake;)
        {
            await Task.Delay(50);
        }

        track.RemoveSink(recorder);
        await recorder.DisposeAsync();
        return recorder.Frames > 0 ? file : null;
    }

    private static List<SeenPicture> Distinct(List<SeenPicture> pictures) =>
        [.. pictures.Where((each, at) => at == 0 || each.Number != pictures[at - 1].Number)];

    private static List<SeenPicture> Read(ComposedReading reading) => [.. reading.Pictures.Select(Read)];

    // The same reading as that of the probe in a page.
    private static SeenPicture Read(byte[] pixels)
    {
        int At(int x, int y) => ((y * PixelsAcross) + x) * 3;
        double Light(int x, int y) => (pixels[At(x, y)] + pixels[At(x, y) + 1] + pixels[At(x, y) + 2]) / 3.0;
        var (number, inverse) = (0, 0);
        for (var bit = 0; bit < 8; bit++)
        {
            number = (number * 2) + (Light((bit * 8) + 4, 4) > 126 ? 1 : 0);
            inverse = (inverse * 2) + (Light((bit * 8) + 4, 12) > 126 ? 1 : 0);
        }

        var (weight, sum) = (0.0, 0.0);
        for (var x = 0; x < PixelsAcross; x++)
        {
            var value = Math.Max(0, Light(x, 40) - 60);
            weight += value;
            sum += value * (x + 0.5);
        }

        var middle = At(32, 24);
        return new SeenPicture(
            (number ^ inverse) == 255, number, weight == 0 ? -1 : sum / weight, [pixels[middle], pixels[middle + 1], pixels[middle + 2]], PixelsAcross, PixelsDown);
    }

    // How loud each tone was in its loudest twentieth of a second, in decibels below full (Goertzel's algorithm).
    private static double[] Levels(ReadOnlySpan<float> samples)
    {
        var levels = MeetProbe.Tones.Select(_ => -200.0).ToArray();
        for (var start = 0; start + WindowSamples <= samples.Length; start += WindowSamples)
        {
            for (var tone = 0; tone < levels.Length; tone++)
            {
                var turn = 2 * Math.Cos(2 * Math.PI * MeetProbe.Tones[tone] / ComposedReading.SampleRateHz);
                var (before, last) = (0.0, 0.0);
                foreach (var sample in samples.Slice(start, WindowSamples))
                {
                    (before, last) = (last, sample + (turn * last) - before);
                }

                var power = ((before * before) + (last * last) - (turn * before * last)) / ((double)WindowSamples * WindowSamples / 4);
                levels[tone] = Math.Max(levels[tone], 10 * Math.Log10(Math.Max(power, 1e-20)));
            }
        }

        return levels;
    }
}
