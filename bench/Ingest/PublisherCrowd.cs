using System.Globalization;
using Roomcast.Rtmp.Connection;
using Roomcast.TestKit.Rtmp;

namespace Roomcast.Bench.Ingest;

/// <summary>The publishers, in a process of their own so that their cost is not the server's.</summary>
internal static class PublisherCrowd
{
    /// <summary>Publishes one file to every address of a list, over and over in real time, until standard input ends.</summary>
    /// <param name="args">The FLV file, and the file with one address to a line.</param>
    public static async Task<int> RunAsync(string[] args)
    {
        var media = PublishMedia.FromFlvFile(args[0]);
        var addresses = await File.ReadAllLinesAsync(args[1]);
        using var stopping = new CancellationTokenSource();
        var publishers = new List<RtmpPublisher>();
        foreach (var address in addresses)
        {
            var publisher = await RtmpPublisher.ConnectAsync(address);
            publishers.Add(publisher);
            if (publisher.State is not RtmpClientState.Publishing)
            {
                Console.Error.WriteLine($"A publisher was refused: {publisher.Rejection}");
                return 1;
            }
        }

        var publishing = publishers.Select((publisher, i) => PublishAsync(publisher, media, i, publishers.Count, stopping.Token)).ToArray();
        Console.WriteLine("publishing");
        await Console.In.ReadToEndAsync();
        await stopping.CancelAsync();
        var sent = await Task.WhenAll(publishing);
        foreach (var publisher in publishers)
        {
            await publisher.DisposeAsync();
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sent {sent.Sum()}"));
        return sent.All(static count => count > 0) ? 0 : 1;
    }

    private static async Task<long> PublishAsync(RtmpPublisher publisher, PublishMedia media, int number, int count, CancellationToken stopping)
    {
        // Spread over a frame's time, so that the publishers do not all send in the same instant.
        var period = media.Duration + TimeSpan.FromMilliseconds(33);
        var sent = 0L;
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1_000.0 * number / count), stopping);
            var turn = media;
            var startedAt = TimeProvider.System.GetTimestamp();
            while (true)
            {
                foreach (var message in turn.Messages)
                {
                    var wait = TimeSpan.FromMilliseconds(message.TimestampMs) - TimeProvider.System.GetElapsedTime(startedAt);
                    if (wait > TimeSpan.FromMilliseconds(1))
                    {
                        await Task.Delay(wait, stopping);
                    }

                    await publisher.SendAsync(message);
                    sent++;
                }

                turn = turn.Select(static message => message.IsHeader ? null : message).Shift((uint)period.TotalMilliseconds);
            }
        }
        catch (OperationCanceledException)
        {
            return sent;
        }
        catch (Exception fault) when (fault is IOException or InvalidOperationException)
        {
            Console.Error.WriteLine($"Publisher {number} was cut off: {fault.Message}");
            return 0;
        }
    }
}
