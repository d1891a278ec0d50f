using System.Globalization;
using Roomcast.Client;
using Roomcast.Client.Media;
using Roomcast.Media;
using Roomcast.TestKit;
using Roomcast.TestKit.Network;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Interop.Meetings;

/// <summary>
/// A participant in C# and a Chromium tab with the official SDK in one meeting, behind a network that loses one datagram in twenty
/// both ways: each sees the other's own pictures, hears the other's own tone, and reads what the other writes.
/// </summary>
public sealed class DotNetClientTests : IAsyncLifetime
{
    private const int Ben = 1;
    private const double AudibleDb = -45;

    private readonly MeetingServer _server = new() { Arguments = ["--public-ip", LossyNetwork.MediaAddress.ToString()] };
    private LossyNetwork _network = null!;

    public async Task InitializeAsync()
    {
        await _server.InitializeAsync();
        _network = LossyNetwork.Start(_server.Server.RtcPort, new NetworkConditions { Loss = 0.05, Delay = TimeSpan.FromMilliseconds(10) });
    }

    public async Task DisposeAsync()
    {
        await _network.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_participant_in_CSharp_and_one_in_Chromium_see_hear_and_read_each_other_before_and_after_a_restart()
    {
        using var folder = new TemporaryFolder();
        var meeting = await _server.CreateMeetingAsync("Both worlds");
        var ada = await _server.JoinAsync(meeting, 0);
        await using var ben = await RealtimeKitClient.InitAsync(await OptionsAsync(folder, meeting));
        await ben.JoinAsync();

        await AssertTogetherAsync(folder, ada, ben, "before");
        Assert.True(_network.Lost > 0, "The network lost nothing.");
        await _server.RestartAsync();
        await WaitAsync(() => ben.Self.IsRoomJoined && ben.Participants.Joined.Count == 1, "Ben is back, and sees Ada in the list");
        await ada.WaitForOthersAsync("Ben");
        await AssertTogetherAsync(folder, ada, ben, "after");
        await ada.LeaveAsync();
    }

    private async Task AssertTogetherAsync(TemporaryFolder folder, MeetTab ada, RealtimeKitClient ben, string when)
    {
        // The page looks at what it shows, and listens.
        var benSeen = new MeetTab(_server, ada.Page, Ben);
        await ada.AssertSeesAsync(benSeen);
        await ada.WaitUntilHearsAsync(benSeen);

        // What the client takes is recorded, and decoded by FFmpeg.
        var (picture, sound) = (folder.PathOf($"{when}-picture.webm"), folder.PathOf($"{when}-sound.webm"));
        await WaitAsync(() => ben.Participants.Joined.ToArray() is [{ VideoTrack.IsEnded: false, AudioTrack.IsEnded: false }], "Ada's tracks are received");
        var seen = ben.Participants.Joined.ToArray()[0];
        await using (var pictures = new WebMRecorder(picture, TrackKind.Video))
        await using (var sounds = new WebMRecorder(sound, TrackKind.Audio))
        {
            seen.VideoTrack!.AddSink(pictures);
            seen.AudioTrack!.AddSink(sounds);
            await WaitAsync(() => pictures.Frames > 30 && sounds.Frames > 150, "enough of Ada is recorded");
        }

        var shown = await ComposedReading.OfAsync(picture, TimeSpan.FromMinutes(1), withSound: false);
        Assert.InRange(shown.Changes(), 15, int.MaxValue);
        Assert.All(Enumerable.Range(0, shown.Pictures.Count), at => Assert.True(shown.Shows(at, 0.5, 0.5, participant: 0), $"Picture {at} is not Ada's: {shown.ColourAt(at, 0.5, 0.5)}."));
        var heard = await ComposedReading.OfAsync(sound, TimeSpan.FromMinutes(1), withPicture: false);
        Assert.True(heard.LevelOf(MeetProbe.Tones[0]) > AudibleDb, $"Ada's tone has {heard.LevelOf(MeetProbe.Tones[0]):F0} dB.");

        await ben.Chat.SendTextMessageAsync($"from C# {when}");
        await ada.WaitAsync($"document.body.textContent.includes('from C# {when}')");
        await ada.OpenPaneAsync("chat");
        await ada.Page.FillAsync("#chat-text", $"from Chromium {when}");
        await ada.ClickAsync("#chat-send");
        await WaitAsync(() => ben.Chat.Messages.Any(message => message.Text == $"from Chromium {when}"), "what Ada writes is read");
    }

    private async Task<RealtimeKitOptions> OptionsAsync(TemporaryFolder folder, string meeting)
    {
        const int framesPerSecond = 12;
        var (raw, wav, ivf, ogg) = (folder.PathOf("ben.y4m"), folder.PathOf("ben.wav"), folder.PathOf("ben.ivf"), folder.PathOf("ben.ogg"));
        CodedPicture.WriteVideo(raw, Ben, 320, 240, framesPerSecond);
        CodedPicture.WriteTone(wav, MeetProbe.Tones[Ben]);
        await FfmpegTool.RunAsync(
            "-v", "error", "-i", raw, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "600k",
            "-g", framesPerSecond.ToString(CultureInfo.InvariantCulture), "-auto-alt-ref", "0", "-lag-in-frames", "0", ivf);
        await FfmpegTool.RunAsync("-v", "error", "-i", wav, "-c:a", "libopus", "-b:a", "48k", "-frame_duration", "20", ogg);
        return new RealtimeKitOptions
        {
            AuthToken = await _server.AddParticipantAsync(meeting, MeetingServer.Names[Ben], "group_call_host"),
            BaseUri = _server.Server.HttpBase,
            Video = await IvfVideoSource.OpenAsync(ivf, repeats: true),
            Audio = await OggAudioSource.OpenAsync(ogg, repeats: true),
            RequestTimeout = MeetTab.Patience,
        };
    }

    private async Task WaitAsync(Func<bool> isSo, string what)
    {
        for (var began = TimeProvider.System.GetTimestamp(); !isSo(); await Task.Delay(50))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < 2 * MeetTab.Patience, $"It did not come to be that {what}.\n{_server.Server.Errors}");
        }
    }
}
