using Roomcast.Meetings.Media;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Meetings.Tests.Media;

/// <summary>Peers who meet: what one sends arrives at the others, whatever browsers they are.</summary>
public sealed class MeetingMediaTests
{
    [Theory]
    [InlineData(BrowserFlavor.Chromium, BrowserFlavor.Chromium)]
    [InlineData(BrowserFlavor.Chromium, BrowserFlavor.Firefox)]
    [InlineData(BrowserFlavor.Firefox, BrowserFlavor.Chromium)]
    public async Task Two_peers_see_and_hear_each_other(BrowserFlavor one, BrowserFlavor other)
    {
        using var media = new VirtualMedia();
        var anna = media.AddBot("anna", one);
        var ben = media.AddBot("ben", other);
        await anna.JoinAsync();
        await ben.JoinAsync();
        var (sound, voice) = await anna.PublishMicrophoneAsync();
        var (picture, camera) = await anna.PublishCameraAsync();
        var (answerSound, reply) = await ben.PublishMicrophoneAsync();

        var seen = await ben.ConsumeAsync([sound, picture]);
        var heard = await anna.ConsumeAsync(answerSound);
        media.Run(3_000);

        Assert.All(seen[0].Frames, frame => Assert.Equal(voice.Tag, frame.Mark.Tag));
        Assert.All(seen[1].Frames, frame => Assert.Equal(camera.Tag, frame.Mark.Tag));
        Assert.All(heard.Frames, frame => Assert.Equal(reply.Tag, frame.Mark.Tag));
        Assert.True(seen[0].Frames.Count > 140, $"{seen[0].Frames.Count} frames of sound");
        Assert.True(seen[1].Frames.Count > 80, $"{seen[1].Frames.Count} frames of picture");
        Assert.True(heard.Frames.Count > 140, $"{heard.Frames.Count} frames of sound");
        Assert.Empty(seen[0].Faults);
        Assert.Empty(seen[1].Faults);
        Assert.Empty(heard.Faults);
        Assert.Equal(0, ben.Browser.Receiving.Strangers + anna.Browser.Receiving.Strangers);
        Assert.Equal(MediaKind.Video, picture.Kind);
        Assert.Equal("video/VP8", picture.MimeType);
    }
}
