using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Roomcast.Storage;
using Roomcast.Storage.Tests.Writer;

// A server's storage as a process of its own, for tests that kill it, starve it or lock it out. It tells what it does line by line:
// "opening", "open", "row <id>" once a write is acknowledged, "failed <kind> <message>".
var command = args[0];
var options = new StorageOptions { DataFolder = args[1], DatabaseUrl = args[2] == "-" ? null : args[2] };

try
{
    await using var database = Open(options);
    Say("opening");
    await database.OpenAsync(CancellationToken.None);
    Say("open");
    switch (command)
    {
        case "hold":
            await Console.In.ReadToEndAsync();
            break;

        case "write":
            // Several at once, as in a server: some wait for their turn when the end comes. Should the test die, so does this.
            await Task.WhenAny([Task.Run(Console.In.ReadToEnd), .. Enumerable.Range(0, 4).Select(_ => WriteForEverAsync(database))]);
            break;

        case "fill":
            await FullDisk.TryAsync(database, options, Say);
            break;

        default:
            throw new ArgumentException($"Unknown command '{command}'.");
    }

    return 0;
}
catch (StorageException e)
{
    Say($"failed {e.Failure} {e.Message}");
    return 1;
}

static Database Open(StorageOptions options) =>
    new(new OptionsWrapper<StorageOptions>(options), TimeProvider.System, NullLogger<Database>.Instance);

static async Task WriteForEverAsync(Database database)
{
    while (true)
    {
        var id = Guid.NewGuid().ToString("N");
        await Rows.InsertAsync(database, id);
        Say($"row {id}");
    }
}

static void Say(string line)
{
    lock (Console.Out)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
