using System.Diagnostics;
using Roomcast.TestKit.Server;

// One command measures: dotnet run -c Release --project bench/Client. It starts a server of its own, and then the tool "roomcast
// load" against it, whose participants are all in that one process. What follows is given to the tool.
string[] load = args.Length > 0 ? args : ["--participants", "100", "--publishers", "4", "--rate", "5", "--duration", "30"];

await using var server = await RoomcastProcess.StartAsync();
var folder = Path.GetDirectoryName(RoomcastProcess.ServerAssembly)!.Replace("Server" + Path.DirectorySeparatorChar + "bin", "Cli" + Path.DirectorySeparatorChar + "bin", StringComparison.Ordinal);
using var tool = new Process
{
    StartInfo = new ProcessStartInfo("dotnet", [Path.Combine(folder, "roomcast.dll"), "load", "--url", server.HttpBase.ToString(), "--credentials", Path.Combine(server.DataFolder, "credentials.json"), .. load]),
};
Console.WriteLine($"roomcast load {string.Join(' ', load)}");
var before = ServerTime();
var begun = TimeProvider.System.GetTimestamp();
tool.Start();
await tool.WaitForExitAsync();
var share = (ServerTime() - before) / TimeProvider.System.GetElapsedTime(begun);
Console.WriteLine($"the server     {share * 100:0} % of one processor on average, {ServerMemory() / (1024.0 * 1024):0} MiB at the end");
return tool.ExitCode;

TimeSpan ServerTime()
{
    using var process = Process.GetProcessById(server.ProcessId);
    return process.TotalProcessorTime;
}

long ServerMemory()
{
    using var process = Process.GetProcessById(server.ProcessId);
    return process.WorkingSet64;
}
