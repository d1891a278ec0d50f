using System.Diagnostics;
using System.Globalization;
using Roomcast.Egress.Tests.Recorder;
using Roomcast.TestKit.Hls;

// Recordings in a process of their own, for tests that kill it. It is given its data folder and a file to publish in real time, and
// says "recording <app> <id>" once it records, and "<seconds>" of what it has published so far, line by line.
var source = EncodedSource.Read(args[1]);
await using var host = await RecordingHost.StartAsync(args[0]);
var meeting = Guid.NewGuid();
var session = host.Sessions.Begin(meeting);
var answer = await host.Recordings.StartAsync(host.Wish(meeting), CancellationToken.None);
Console.WriteLine($"recording {host.App.Value} {answer.Recording!.Id}");

_ = Task.Run(() =>
{
    Console.In.ReadToEnd();
    Environment.Exit(1); // Should the test die, so does this.
});

var composition = host.Compositions.Of(session);
var clock = Stopwatch.StartNew();
var published = TimeSpan.Zero;
while (true)
{
    var now = clock.Elapsed;
    composition.Publish(source, published, now);
    published = now;
    Console.WriteLine(published.TotalSeconds.ToString(CultureInfo.InvariantCulture));
    await Task.Delay(50);
}
