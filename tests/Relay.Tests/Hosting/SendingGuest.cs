using Roomcast.Meetings.Media;
using Roomcast.Meetings.Records;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Sessions.Events;
using Roomcast.Meetings.Sessions.Features;
using Roomcast.Meetings.Sessions.Rules;
using Roomcast.TestKit.Rtc;

namespace Roomcast.Relay.Tests.Hosting;

/// <summary>Somebody in a meeting whose microphone and camera are on: they send all the while, whatever the server makes of it.</summary>
internal sealed class SendingGuest : IAsyncDisposable
{
    private const byte Loud = 20;
    private const int SoundsPerPicture = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Packet = TimeSpan.FromMilliseconds(20);
    private static int s_seeds = 100;

    private readonly BrowserLikePeer _browser = new(BrowserFlavor.Chromium, Interlocked.Increment(ref s_seeds));
    private readonly CancellationTokenSource _over = new();
    private readonly Guest _guest;
    private BrowserSocket _socket = null!;
    private string _transportId = "";
    private Task _sending = Task.CompletedTask;

    private SendingGuest(Guest guest) => _guest = guest;

    public string Id => _guest.Peer.Id;

    public string SessionId => _guest.Session.SessionId!.Value.ToString();

    /// <summary>What the microphone is to the server.</summary>
    public MediaProducer Microphone { get; private set; } = null!;

    /// <summary>What the screen is to the server; null before it is shown.</summary>
    public MediaProducer? Screen { get; private set; }

    public static async Task<SendingGuest> JoinAsync(RelayHost host, Meeting meeting, string name)
    {
        var sending = new SendingGuest(await host.JoinAsync(meeting, name));
        await sending.BeginAsync();
        return sending;
    }

    /// <summary>Switches its microphone off, or on again, as its own user does.</summary>
    public Task SwitchMicrophoneAsync(bool isOn) => SwitchAsync(Microphone, isOn);

    /// <summary>Shows a screen; one that was shown and held back it shows again.</summary>
    public async Task ShowScreenAsync()
    {
        if (Screen is { } shown)
        {
            await SwitchAsync(shown, isOn: true);
        }
        else
        {
            (Screen, _) = await PublishAsync(MediaKind.Video, "video/VP8", [], isScreen: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _sending;
        _socket.Dispose();
        _browser.Dispose();
        _over.Dispose();
    }

    private async Task BeginAsync()
    {
        await AskAsync<bool>((room, answer) => room.Media.Enter(_guest.Peer, isReturn: false, answer));
        var offer = _browser.Sending.CreateOffer();
        var created = await AskAsync<CreatedTransport>((room, answer) => room.Media.Open(_guest.Peer, TransportDirection.FromPeer, offer, answer));
        _socket = BrowserSocket.Connect(_browser.Sending, created.AnswerSdp);
        var began = TimeProvider.System.GetTimestamp();
        while (!_socket.Do((browser, _) => browser.IsConnected))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "The transport did not connect.");
            await Task.Delay(5);
        }

        _transportId = created.TransportId;
        await AskAsync<MediaSnapshot>((room, answer) => answer.Give(room.Media.Complete(_guest.Peer)));
        var (microphone, sound) = await PublishAsync(MediaKind.Audio, "audio/opus", []);
        var (_, picture) = await PublishAsync(MediaKind.Video, "video/VP8", ["f", "h", "q"]);
        Microphone = microphone;
        sound.AudioLevel = Loud;
        _sending = SendAsync(sound, picture);
    }

    private Task<MediaProducer> SwitchAsync(MediaProducer producer, bool isOn) =>
        AskAsync<MediaProducer>((room, answer) => room.Media.SetPaused(_guest.Peer, producer.Id, !isOn, answer));

    private async Task<(MediaProducer Producer, BrowserTrack Track)> PublishAsync(MediaKind kind, string mimeType, IReadOnlyList<string> rids, bool isScreen = false)
    {
        BrowserTrack? track = null;
        var offer = _socket.Do((browser, _) => browser.Publish(kind is MediaKind.Audio, rids, tag: isScreen ? 7 : (uint)kind + 1, out track));
        var request = new ProduceRequest(kind, IsPaused: false, isScreen, "{}", track!.Mid, mimeType, offer, TransportId: _transportId);
        var produced = await AskAsync<Produced>((room, answer) => room.Media.Produce(_guest.Peer, request, answer));
        _socket.Do((browser, now) =>
        {
            browser.ApplyAnswer(produced.AnswerSdp, now);
            return true;
        });
        return (produced.Producer, track);
    }

    private async Task SendAsync(BrowserTrack sound, BrowserTrack picture)
    {
        try
        {
            using var timer = new PeriodicTimer(Packet);
            for (var sent = 0; await timer.WaitForNextTickAsync(_over.Token); sent++)
            {
                _socket.Do((_, now) =>
                {
                    sound.SendFrame(now);
                    if (sent % SoundsPerPicture == 0)
                    {
                        picture.SendFrame(now);
                    }

                    return true;
                });
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    private async Task<T> AskAsync<T>(Action<SessionRoom, Answer<T>> act)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _guest.Session.PostAsync(
            _guest.Peer,
            room => act(room, new Answer<T>(outcome => done.TrySetResult(outcome), refusal => done.TrySetException(refusal))),
            refusal => done.TrySetException(refusal));
        return await done.Task.WaitAsync(Patience);
    }
}
