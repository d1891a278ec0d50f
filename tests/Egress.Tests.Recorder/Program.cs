using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Roomcast.Egress.Composition;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.TestKit.Hls;

// Recordings in a process of their own, for tests that kill it. It is given its data folder and a file to publish in real time, or
// "tracks" for the microphones of two peers, and says "recording <app> <id>" once it records, and "<seconds>" of what it has
// published so far, line by line. With "messages" behind the file it sends {"second": 0.5} and so on to be recorded with it.
var microphones = args[1] == "tracks" ? new TestSource() : null;
await using var host = await RecordingHost.StartAsync(args[0], more: services =>
{
    if (microphones is not null)
    {
        services.AddSingleton<ICompositionSource>(microphones);
    }
});
var meeting = Guid.NewGuid();
var session = host.Sessions.Begin(meeting);
var sendsMessages = args.Length > 2 && args[2] == "messages";
var wish = host.Wish(meeting, new RecordingPlan { HoldsMessages = sendsMessages });
var answer = await host.Recordings.StartAsync(
    microphones is null ? wish : wish with { Kind = RecordingKind.Tracks }, CancellationToken.None);
Console.WriteLine($"recording {host.App.Value} {answer.Recording!.Id}");

_ = Task.Run(() =>
{
    Console.In.ReadToEnd();
    Environment.Exit(1); // Should the test die, so does this.
});

Action<TimeSpan, TimeSpan> publish = microphones is null ? PublishFile() : PublishSound(microphones);
var clock = Stopwatch.StartNew();
var published = TimeSpan.Zero;
var nextMessage = 0.5;
while (true)
{
    var now = clock.Elapsed;
    publish(published, now);
    published = now;
    if (sendsMessages && published.TotalSeconds >= nextMessage)
    {
        host.Sessions.Say(session, "ID3", string.Create(CultureInfo.InvariantCulture, $$"""{"second":{{published.TotalSeconds}}}"""));
        nextMessage += 0.5;
    }

    Console.WriteLine(published.TotalSeconds.ToString(CultureInfo.InvariantCulture));
    await Task.Delay(50);
}

Action<TimeSpan, TimeSpan> PublishFile()
{
    var source = EncodedSource.Read(args[1]);
    var composition = host.Compositions.Of(session);
    return (from, until) => composition.Publish(source, from, until);
}

static Action<TimeSpan, TimeSpan> PublishSound(TestSource source)
{
    source.Show(("a", 1), ("b", 2));
    source.Report(1, secondsOfSender: 1_000, timestamp: 0);
    source.Report(2, secondsOfSender: 77, timestamp: 0);
    var next = 0;
    return (_, until) =>
    {
        for (; next * 0.02 < until.TotalSeconds; next++)
        {
            source.Send(1, (ushort)next, (uint)(960 * next));
            source.Send(2, (ushort)next, (uint)(960 * next));
        }
    };
}
