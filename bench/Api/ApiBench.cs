using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Roomcast.Storage;
using Roomcast.TestKit;
using Roomcast.TestKit.Databases;
using Roomcast.TestKit.Webhooks;

namespace Roomcast.Bench.Api;

/// <summary>Asks a server on each engine for the commonest routes, and has it send webhooks.</summary>
internal static class ApiBench
{
    private const int Askers = 16;
    private const int EventsPerSecond = 1_000;
    private const int WarmUpSeconds = 2;

    // What the API gives when none is asked for.
    private const int RowsPerPage = 20;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var scale = double.Parse(Option(arguments, "--scale", "1"), CultureInfo.InvariantCulture);
        var seconds = int.Parse(Option(arguments, "--seconds", "4"), CultureInfo.InvariantCulture);
        var engines = Option(arguments, "--engines", "Sqlite,Postgres").Split(',').Select(Enum.Parse<DatabaseEngine>).ToArray();
        var wanted = Option(arguments, "--only", "routes,webhooks").Split(',');
        foreach (var engine in engines)
        {
            using var folder = new TemporaryFolder();
            await using var postgres = engine == DatabaseEngine.Postgres ? await PostgresServer.StartAsync(isDurable: true) : null;
            var options = new StorageOptions
            {
                DataFolder = folder.PathOf("data"),
                DatabaseUrl = postgres is null ? null : $"{await postgres.CreateDatabaseAsync()};Command Timeout=600", // For filling it.
            };
            var (meetings, deliveries) = ((int)(100_000 * scale), (int)(1_000_000 * scale));
            var start = Stopwatch.StartNew();
            var seeded = await Seed.FillAsync(options, meetings, deliveries);
            Say(
                $"\n{engine}: {meetings:N0} meetings, {meetings * Seed.ParticipantsPerMeeting:N0} participants, {meetings:N0} sessions with {meetings * Seed.PeersPerSession:N0} peers, {meetings / Seed.MeetingsPerLivestream:N0} livestreams, {deliveries:N0} deliveries, filled in {start.Elapsed.TotalSeconds:F0} s\n");

            using var server = StartServer(options);
            try
            {
                var address = new Uri((await server.StandardOutput.ReadLineAsync())!);
                if (wanted.Contains("routes", StringComparer.Ordinal))
                {
                    await MeasureRoutesAsync(server, address, seeded, meetings, deliveries, seconds);
                }

                if (wanted.Contains("webhooks", StringComparer.Ordinal))
                {
                    await MeasureWebhooksAsync(server, address, seeded, seconds * 2);
                }
            }
            finally
            {
                server.StandardInput.Close();
                await server.WaitForExitAsync();
            }
        }

        return 0;
    }

    private static async Task MeasureRoutesAsync(Process server, Uri address, Seeded seeded, int meetings, int rows, int seconds)
    {
        using var client = Client(address, seeded.Token);
        var app = $"/client/v4/accounts/{seeded.AccountId}/realtime/kit/{seeded.AppId}";
        var deliveries = $"{app}/webhooks/{seeded.WebhookId}/deliveries";
        // The ten commonest, and in parentheses what else is worth knowing.
        (string Name, Func<int, HttpRequestMessage> Ask)[] routes =
        [
            ("list meetings, first ten pages", i => Get($"{app}/meetings?page_no={1 + (i % 10)}")),
            ("get a meeting", i => Get($"{app}/meetings/{At(seeded.Meetings, i)}")),
            ("list a meeting's participants", i => Get($"{app}/meetings/{At(seeded.Meetings, i)}/participants")),
            ("get a participant", i => Get($"{app}/meetings/{At(seeded.Participants, i).Meeting}/participants/{At(seeded.Participants, i).Participant}")),
            ("list sessions, first ten pages", i => Get($"{app}/sessions?page_no={1 + (i % 10)}")),
            ("get a session", i => Get($"{app}/sessions/{At(seeded.Sessions, i)}")),
            ("list a session's participants", i => Get($"{app}/sessions/{At(seeded.Sessions, i)}/participants")),
            ("list livestreams, first ten pages", i => Get($"{app}/livestreams?page_no={1 + (i % 10)}")),
            ("list presets", _ => Get($"{app}/presets")),
            ("list deliveries, first ten pages", i => Get($"{deliveries}?page_no={1 + (i % 10)}")),
            ("(get a delivery)", i => Get($"{deliveries}/{At(seeded.Deliveries, i)}")),
            ("(list sessions that have ended)", i => Get($"{app}/sessions?status=ENDED&page_no={1 + (i % 10)}")),
            ("(list deliveries that failed)", i => Get($"{deliveries}?status=FAILED&page_no={1 + (i % 10)}")),
            ("(list meetings, page in the middle)", _ => Get($"{app}/meetings?page_no={MiddlePage(meetings)}")),
            ("(list meetings, last page)", _ => Get($"{app}/meetings?page_no={LastPage(meetings)}")),
            ("(list sessions, page in the middle)", _ => Get($"{app}/sessions?page_no={MiddlePage(meetings)}")),
            ("(list sessions, last page)", _ => Get($"{app}/sessions?page_no={LastPage(meetings)}")),
            ("(list deliveries, page in the middle)", _ => Get($"{deliveries}?page_no={MiddlePage(rows)}")),
            ("(list deliveries, last page)", _ => Get($"{deliveries}?page_no={LastPage(rows)}")),
            ("(make a meeting)", _ => Post($"{app}/meetings", """{"title":"Made"}""")),
            ("(add a participant)", i => Post($"{app}/meetings/{At(seeded.Meetings, i)}/participants", $$"""{"custom_participant_id":"{{Guid.NewGuid()}}","preset_name":"group_call_host"}""")),
        ];

        foreach (var (_, ask) in routes)
        {
            await FireAsync(client, ask, askers: 4, TimeSpan.FromSeconds(1)); // For the compiler, which is still at work on what all share.
        }

        Say($"| route | requests per second and core | p50 | p99 |\n| --- | ---: | ---: | ---: |");
        foreach (var (name, ask) in routes)
        {
            await FireAsync(client, ask, askers: 4, TimeSpan.FromSeconds(1)); // For the caches.
            var alone = await FireAsync(client, ask, askers: 1, TimeSpan.FromSeconds(seconds));
            var before = server.TotalProcessorTime;
            var many = await FireAsync(client, ask, Askers, TimeSpan.FromSeconds(seconds));
            server.Refresh();
            var perCore = many.Length / (server.TotalProcessorTime - before).TotalSeconds;
            Say($"| {name} | {perCore:N0} | {Quantile(alone, 0.5):F2} ms | {Quantile(alone, 0.99):F2} ms |");
        }
    }

    private static async Task MeasureWebhooksAsync(Process server, Uri address, Seeded seeded, int seconds)
    {
        var lags = new ConcurrentQueue<double>();
        await using var receiver = await TestReceiver.StartAsync((received, _) =>
        {
            var at = received.Payload["at"]!.GetValue<long>();
            lags.Enqueue((TimeProvider.System.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(at)).TotalMilliseconds);
            return Task.CompletedTask;
        });
        using var client = Client(address, seeded.Token);
        using var made = await client.PostAsJsonAsync(
            $"/client/v4/accounts/{seeded.AccountId}/realtime/kit/{seeded.QuietAppId}/webhooks",
            new { url = receiver.Address.ToString(), events = new[] { ApiServer.Event } });
        made.EnsureSuccessStatusCode();

        await HappenAsync(WarmUpSeconds);
        lags.Clear();
        server.Refresh();
        var before = server.TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        var written = await HappenAsync(seconds);
        server.Refresh();
        var cores = (server.TotalProcessorTime - before).TotalSeconds / watch.Elapsed.TotalSeconds;
        var all = lags.ToArray();
        Say(
            $"\nwebhooks: {all.Length:N0} of {EventsPerSecond * seconds:N0} events written in {written.TotalSeconds:F1} s and delivered in {watch.Elapsed.TotalSeconds:F1} s, {all.Length / watch.Elapsed.TotalSeconds:N0} per second with {cores:F2} cores; lag p50 {Quantile(all, 0.5):F0} ms, p99 {Quantile(all, 0.99):F0} ms");

        // Until all have arrived; how long the writing took.
        async Task<TimeSpan> HappenAsync(int forSeconds)
        {
            var start = Stopwatch.StartNew();
            using var done = await client.PostAsync(
                new Uri($"/bench/events?app={seeded.QuietAppId}&rate={EventsPerSecond}&seconds={forSeconds}", UriKind.Relative), null);
            done.EnsureSuccessStatusCode();
            var took = start.Elapsed;
            while (lags.Count < EventsPerSecond * forSeconds && start.Elapsed < TimeSpan.FromMinutes(2))
            {
                await Task.Delay(10);
            }

            return took;
        }
    }

    private static async Task<double[]> FireAsync(HttpClient client, Func<int, HttpRequestMessage> ask, int askers, TimeSpan time)
    {
        var took = new ConcurrentQueue<double>();
        var number = 0;
        var all = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, askers).Select(async _ =>
        {
            while (all.Elapsed < time)
            {
                using var request = ask(Interlocked.Increment(ref number));
                var start = Stopwatch.GetTimestamp();
                using var response = await client.SendAsync(request);
                await response.Content.ReadAsByteArrayAsync();
                took.Enqueue(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                response.EnsureSuccessStatusCode();
            }
        }));
        return [.. took];
    }

    private static T At<T>(IReadOnlyList<T> sampled, int number) => sampled[number % sampled.Count];

    private static int LastPage(int rows) => Math.Max(1, rows / RowsPerPage);

    private static int MiddlePage(int rows) => Math.Max(1, LastPage(rows) / 2);

    private static double Quantile(double[] values, double part)
    {
        Array.Sort(values);
        return values.Length == 0 ? double.NaN : values[Math.Min(values.Length - 1, (int)(values.Length * part))];
    }

    private static Process StartServer(StorageOptions options)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["serve", options.DataFolder, options.DatabaseUrl ?? "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Insert(0, typeof(ApiBench).Assembly.Location);
        }

        return Process.Start(start)!;
    }

    private static HttpClient Client(Uri address, string token) => new()
    {
        BaseAddress = address,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
    };

    private static HttpRequestMessage Get(string path) => new(HttpMethod.Get, path);

    private static HttpRequestMessage Post(string path, string json) =>
        new(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };

    private static string Option(string[] arguments, string name, string otherwise) =>
        Array.IndexOf(arguments, name) is >= 0 and var at && at + 1 < arguments.Length ? arguments[at + 1] : otherwise;

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
