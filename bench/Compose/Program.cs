using Roomcast.Bench.Compose;

if (!BenchOptions.TryParse(args, out var options, out var fault))
{
    Console.Error.WriteLine(fault);
    Console.Error.WriteLine(BenchOptions.Usage);
    return 2;
}

return await ComposeBench.RunAsync(options);
