using System.Globalization;
using Roomcast.Bench.Relay;

// One command measures: dotnet run -c Release --project bench/Relay. Controllers, rooms and the server share one process, so the
// processor's figures are those of all together.
static int Option(string[] args, string name, int otherwise) =>
    Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length
    && int.TryParse(args[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;

var (controllers, rooms) = (Option(args, "--controllers", 500), Option(args, "--rooms", 50));
if (controllers is < 1 or > 5_000 || rooms is < 1 or > 1_000)
{
    Console.Error.WriteLine("Usage: dotnet run -c Release --project bench/Relay [-- --controllers 1..5000 --rooms 1..1000]");
    return 2;
}

await using var server = await RelayServer.StartAsync();
return await RelayBench.RunAsync(server, controllers, rooms);
