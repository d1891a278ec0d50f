using Roomcast.Bench.Compose;

if (args is ["compose", var folder, var participants, var preset])
{
    return OurSide.Run(folder, int.Parse(participants, System.Globalization.CultureInfo.InvariantCulture), preset);
}

if (!BenchOptions.TryParse(args, out var options, out var fault))
{
    Console.Error.WriteLine(fault);
    Console.Error.WriteLine(BenchOptions.Usage);
    return 2;
}

return await ComposeBench.RunAsync(options);
