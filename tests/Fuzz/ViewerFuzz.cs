using System.Text;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;

namespace Roomcast.Fuzz;

public sealed class ViewerFuzz
{
    [Fact]
    public void Viewer_ids_and_tokens_of_strangers_are_refused()
    {
        var tokens = new ViewerTokens("0123456789abcdef0123456789abcdef"u8);
        var livestream = new LivestreamId(new Guid("6f1a2f5e-8a51-4a57-9d7b-0f4b9c0c2a11"));
        var book = new ViewerBook(livestream, tokens, new ViewerCountingOptions(), DateTimeOffset.UnixEpoch);
        var viewer = tokens.NewViewerId(livestream);
        var token = tokens.HeartbeatTokenOf(livestream, viewer)!;

        FuzzRun.Of("viewer-id", [Encoding.ASCII.GetBytes(viewer), Encoding.ASCII.GetBytes(token)], bytes =>
        {
            var text = Encoding.UTF8.GetString(bytes);
            Assert.Equal(text == viewer, tokens.IsViewerId(livestream, text));
            Assert.Equal(text == token, tokens.IsHeartbeatToken(livestream, viewer, text));
            Assert.Equal(text == viewer, tokens.HeartbeatTokenOf(livestream, text) is not null);
            book.Seen(text, text, TimeSpan.FromSeconds(1));
            Assert.InRange(book.Concurrent(TimeSpan.FromSeconds(1)), 0, 1);
        });
    }
}
