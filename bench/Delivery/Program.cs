using System.Runtime.Versioning;
using Roomcast.Bench.Delivery;

// It reads /proc and starts nginx.
[assembly: SupportedOSPlatform("linux")]

// One command measures: dotnet run -c Release --project bench/Delivery. The program starts itself again as the server and as
// the crowd of viewers, so that each has a process, and where there are two or more cores, cores of its own.
return args switch
{
    ["serve", var folder] => await DeliveryServer.RunAsync(folder),
    ["watch", ..] => await ViewerCrowd.RunAsync(CrowdPlan.Read(args.AsSpan(1))),
    _ => await DeliveryBench.RunAsync(args),
};
