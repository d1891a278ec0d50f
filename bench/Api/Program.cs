using System.Runtime.Versioning;
using Roomcast.Bench.Api;

// It reads /proc.
[assembly: SupportedOSPlatform("linux")]

// One command measures: dotnet run -c Release --project bench/Api. The program starts itself again as the server, so that what the
// server takes is counted apart from those who ask.
return args switch
{
    ["serve", var folder, var address] => await ApiServer.RunAsync(folder, address),
    _ => await ApiBench.RunAsync(args),
};
