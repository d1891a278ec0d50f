using Roomcast.Bench.Ingest;

if (args is ["publish", ..])
{
    return await PublisherCrowd.RunAsync(args[1..]);
}

if (args is ["host"])
{
    return await IngestAlone.HostAsync();
}

if (!BenchOptions.TryParse(args, out var options, out var fault))
{
    Console.Error.WriteLine(fault);
    Console.Error.WriteLine(BenchOptions.Usage);
    return 2;
}

return await IngestBench.RunAsync(options);
