using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Roomcast.Client.Tests.Meeting;
using Roomcast.Client.Tests.Samples;
using Roomcast.TestKit;

namespace Roomcast.Client.Tests.Package;

/// <summary>The package as somebody else gets it: packed, referenced from a folder by a project outside of the repository, and run.</summary>
[Collection(nameof(MeetingServer))]
public sealed partial class PackageTests(MeetingServer server)
{
    private static readonly TimeSpan BuildPatience = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task The_example_of_the_README_runs_in_a_fresh_project_that_references_the_package()
    {
        using var folder = new TemporaryFolder();
        var feed = folder.PathOf("feed");
        var version = await PackAsync("Client", feed, ["Client.dll", "Client.xml", "Rtc.dll", "Media.dll"], ["Google.Protobuf"]);
        var example = await ExampleOfAsync("Client");
        Assert.InRange(example.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line is not ['{', ..] and not ['}', ..] && !line.StartsWith("using ", StringComparison.Ordinal)), 1, 10);
        var project = await BuildAsync(folder, feed, example, ("Roomcast.Client", version));

        var meeting = await server.CreateMeetingAsync("Packed");
        await using var ada = await server.InitAsync(meeting, "Ada");
        await ada.JoinAsync();
        await using var program = await StartAsync(project, meeting);
        await MeetingServer.UntilAsync(() => ada.Chat.Messages is [{ DisplayName: "Fresh", Text: "Hello from .NET!" }], $"the program says hello: {string.Join('\n', program.Lines)}");
        await MeetingServer.UntilAsync(() => ada.Participants.Joined.ToArray() is [{ VideoTrack.Frames: > 10, AudioTrack.Frames: > 20 }], "the program is seen and heard");
        await ada.Chat.SendTextMessageAsync("Hello, Fresh!");
        await program.WaitAsync("Ada: Hello, Fresh!");
        await program.PressEnterAsync();

        Assert.Equal(0, await program.WaitForExitAsync());
        await MeetingServer.UntilAsync(() => ada.Participants.Joined.Count == 0, "the program has left");
    }

    [Fact]
    public async Task The_package_of_decoders_decodes_in_a_fresh_project_what_a_participant_sends()
    {
        using var folder = new TemporaryFolder();
        var feed = folder.PathOf("feed");
        var version = await PackAsync("Client", feed, ["Client.dll", "Client.xml", "Rtc.dll", "Media.dll"], ["Google.Protobuf"]);
        Assert.Equal(version, await PackAsync("Client.Codecs", feed, ["Client.Codecs.dll", "Client.Codecs.xml"], ["Roomcast.Client", "Google.Protobuf"]));
        var project = await BuildAsync(folder, feed, await ExampleOfAsync("Client.Codecs"), ("Roomcast.Client.Codecs", version));

        var meeting = await server.CreateMeetingAsync("Decoded");
        await using var ada = await server.InitAsync(meeting, "Ada");
        await ada.JoinAsync();
        await using var program = await StartAsync(project, meeting);
        await MeetingServer.UntilAsync(() => program.Lines.Count(line => line.StartsWith("320 x 180 at ", StringComparison.Ordinal)) > 20, $"pictures are decoded: {string.Join('\n', program.Lines)}");
        await program.PressEnterAsync();

        Assert.Equal(0, await program.WaitForExitAsync());
    }

    // Tests and client are built in the same configuration, whose name is in the test's own path.
    private static string Configuration =>
        AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";

    private static string RestoredPackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
        ? folder
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Packs a project. All that the package needs is in it, or published by others.</summary>
    /// <returns>Its version.</returns>
    private static async Task<string> PackAsync(string name, string feed, IEnumerable<string> contents, string[] dependencies)
    {
        await RunAsync(RepositoryFiles.Root, "pack", $"src/{name}", "-c", Configuration, "--no-build", "-o", feed);
        var package = Directory.GetFiles(feed, $"Roomcast.{name}.*.nupkg").Single(file => char.IsAsciiDigit(Path.GetFileName(file)[$"Roomcast.{name}.".Length]));
        using var zip = ZipFile.OpenRead(package);
        var files = zip.Entries.Select(entry => entry.FullName).ToList();
        Assert.Superset(contents.Select(file => $"lib/net10.0/Roomcast.{file}").Append("README.md").ToHashSet(), files.ToHashSet());
        using var text = zip.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        var nuspec = XDocument.Load(text);
        Assert.Equal(dependencies, nuspec.Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value));
        return nuspec.Descendants().Single(element => element.Name.LocalName == "version").Value;
    }

    private async Task<string> ExampleOfAsync(string name)
    {
        var example = Example().Match(await File.ReadAllTextAsync(RepositoryFiles.PathOf("src", name, "README.md"))).Groups["code"].Value;
        Assert.Contains("http://127.0.0.1:8080", example, StringComparison.Ordinal);
        return example.Replace("http://127.0.0.1:8080", server.Base.AbsoluteUri, StringComparison.Ordinal);
    }

    /// <summary>Builds a program in a project of its own that references a package.</summary>
    /// <returns>The project's folder.</returns>
    private static async Task<string> BuildAsync(TemporaryFolder folder, string feed, string code, (string Id, string Version) package)
    {
        var project = folder.PathOf("fresh");
        Directory.CreateDirectory(project);
        await File.WriteAllTextAsync(Path.Combine(project, "Program.cs"), code);
        await File.WriteAllTextAsync(Path.Combine(project, "Fresh.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <RestorePackagesPath>packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="{package.Id}" Version="{package.Version}" />
              </ItemGroup>
            </Project>
            """);

        // What the package depends on was restored for the package itself: it is taken from there, whether or not there is a network.
        await File.WriteAllTextAsync(Path.Combine(project, "nuget.config"), $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="packed" value="{feed}" />
                <add key="restored" value="{RestoredPackages}" />
              </packageSources>
            </configuration>
            """);
        await RunAsync(project, "build", "-c", "Release", "-v", "q", "-nodeReuse:false", "-p:NuGetAudit=false");
        return project;
    }

    private async Task<SampleProgram> StartAsync(string project, string meeting) => SampleProgram.Start(
        project, Path.Combine("bin", "Release", "net10.0", "Fresh.dll"), new Dictionary<string, string> { ["ROOMCAST_PARTICIPANT_TOKEN"] = await server.AddAsync(meeting, "Fresh") });

    private static async Task RunAsync(string folder, string command, params string[] arguments)
    {
        await using var program = SampleProgram.Start(folder, command, new Dictionary<string, string>(), arguments);
        var exitCode = await program.WaitForExitAsync(BuildPatience);
        Assert.True(exitCode == 0, $"dotnet {command} ended with {exitCode}:\n{string.Join('\n', program.Lines)}");
    }

    [GeneratedRegex("^```csharp\n(?<code>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Example();
}
