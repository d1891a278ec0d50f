using System.Runtime.Versioning;
using Roomcast.Bench.Sfu;
using Roomcast.Transports.Rtc;

// It reads /proc.
[assembly: SupportedOSPlatform("linux")]

// One command measures: dotnet run -c Release --project bench/Sfu. The program starts itself again as the server, so that what
// the peers cost is not in its figures.
if (args is ["serve", var form])
{
    return await SfuServer.RunAsync(Enum.Parse<UdpForm>(form));
}

if (!BenchOptions.TryParse(args, out var options, out var fault))
{
    Console.Error.WriteLine(fault);
    Console.Error.WriteLine(BenchOptions.Usage);
    return 2;
}

return await SfuBench.RunAsync(options);
