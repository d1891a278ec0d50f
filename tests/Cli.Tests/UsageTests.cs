using System.CommandLine;
using System.Text.RegularExpressions;
using Roomcast.TestKit;

namespace Roomcast.Cli.Tests;

/// <summary>Help teaches, faults are told apart by the exit code, and the document says what there is.</summary>
[Collection(nameof(ToolServer))]
public partial class UsageTests(ToolServer server)
{
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task Every_command_has_help_with_examples()
    {
        foreach (var path in Paths(RoomcastProgram.Build(), []).Where(path => path.Command.Subcommands.Count == 0))
        {
            var help = (await RoomcastTool.RunAsync(Nothing, [.. path.Words, "--help"])).Expect(0);

            Assert.Contains("Examples:", help.Output, StringComparison.Ordinal);
            Assert.Contains($"roomcast {string.Join(' ', path.Words)}", help.Output, StringComparison.Ordinal);
            Assert.Equal("", help.Errors);
        }
    }

    [Fact]
    public void The_document_names_every_command_option_variable_and_exit_code()
    {
        var document = File.ReadAllText(RepositoryFiles.PathOf("docs", "cli.md"));
        foreach (var (words, command) in Paths(RoomcastProgram.Build(), []))
        {
            Assert.Contains($"`roomcast {string.Join(' ', words)}".TrimEnd(), document, StringComparison.Ordinal);
            Assert.All(command.Options.Where(option => option is not System.CommandLine.Help.HelpOption), option => Assert.Contains($"`{option.Name}", document, StringComparison.Ordinal));
            Assert.All(command.Options, option => Assert.False(string.IsNullOrEmpty(option.Description), option.Name));
        }

        Assert.All(Connecting.ServerOptions.Variables, variable => Assert.Contains($"`{variable}`", document, StringComparison.Ordinal));
        Assert.Equal(Enum.GetValues<ExitCode>(), ExitCodes.Meanings.Select(each => each.Key));
        Assert.Equal(
            ExitCodes.Meanings.Select(each => ((int)each.Key, each.Value)),
            ExitCodeRow().Matches(document).Select(row => (int.Parse(row.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), row.Groups[2].Value)));
    }

    [Fact]
    public async Task The_help_of_the_whole_tool_says_what_it_ends_with()
    {
        var help = (await RoomcastTool.RunAsync(Nothing, "--help")).Expect(0).Output;

        Assert.Contains("Exit codes:", help, StringComparison.Ordinal);
        Assert.All(ExitCodes.Meanings, each => Assert.Contains($" {(int)each.Key}  {each.Value}", help, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("join")]
    [InlineData("no-such-command")]
    [InlineData("livestream", "list", "--status", "AWAKE")]
    [InlineData("webhooks", "tail", "--duration", "soon")]
    [InlineData("meeting", "create", "--url", "ftp://example.com")]
    public async Task A_wrong_command_line_is_told_to_scripts_as_an_object(params string[] arguments)
    {
        var exit = (await server.RunAsync([.. arguments, "--json"])).Expect(2);

        Assert.Equal("", exit.Output);
        var told = System.Text.Json.Nodes.JsonNode.Parse(exit.Errors)!;
        Assert.Equal((2, "Usage"), ((int)told["exit_code"]!, (string)told["error"]!));
        Assert.NotEqual("", (string)told["message"]!);
    }

    [Fact]
    public async Task What_is_to_be_played_and_is_no_file_is_named()
    {
        var meeting = await server.CreateMeetingAsync("Nothing to play");

        Assert.Contains("/no/such/film.mp4", (await server.RunAsync("join", meeting, "--publish", "/no/such/film.mp4")).Expect(2).Errors, StringComparison.Ordinal);
        Assert.Contains("fetches none", (await server.RunAsync("join", meeting, "--publish", "https://example.com/film.mp4")).Expect(2).Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("meeting", "create", "--no-such-option")]
    [InlineData("no-such-command")]
    [InlineData("join")]
    [InlineData("load")]
    [InlineData("load", "--viewers", "5")]
    [InlineData("load", "--participants", "-1")]
    [InlineData("push", "/no/such/file", "--key", "k")]
    [InlineData("meeting", "create", "--url", "ftp://example.com")]
    [InlineData("join", "m", "--duration", "0")]
    [InlineData("join", "m", "--duration", "abc")]
    [InlineData("join", "m", "--duration", "5y")]
    [InlineData("join", "m", "--duration", "NaN")]
    [InlineData("join", "m", "--duration", "8d")]
    [InlineData("join", "", "--publish", "test")]
    [InlineData("load", "--participants", "abc")]
    [InlineData("load", "--participants", "1.5")]
    [InlineData("load", "--participants", "99999999999")]
    [InlineData("load", "--participants", "1", "--publishers", "x")]
    [InlineData("load", "--viewers", "")]
    [InlineData("load", "--participants", "1", "--rate", "fast")]
    [InlineData("load", "--participants", "1", "--rate", "NaN")]
    [InlineData("load", "--participants", "1", "--duration", "long")]
    [InlineData("webhooks", "tail", "--duration", "5y")]
    [InlineData("webhooks", "tail", "--since", "yesterday")]
    [InlineData("livestream", "watch", "x", "--duration", "3y")]
    [InlineData("livestream", "watch", "x", "--wait", "-1")]
    [InlineData("livestream", "watch", "")]
    [InlineData("stream", "list", " ")]
    [InlineData("livestream", "list", "--status", "AWAKE")]
    public async Task A_wrong_command_line_ends_with_2(params string[] arguments)
    {
        var exit = (await server.RunAsync(arguments)).Expect(2);

        Assert.NotEqual("", exit.Errors);
        Assert.DoesNotContain("Exception", exit.Errors, StringComparison.Ordinal);
        Assert.Equal("", exit.Output);
    }

    [Theory]
    [InlineData("30", 30_000)]
    [InlineData("1.5", 1_500)]
    [InlineData("250ms", 250)]
    [InlineData("30s", 30_000)]
    [InlineData("5m", 300_000)]
    [InlineData("0.5h", 1_800_000)]
    [InlineData("7d", 604_800_000)]
    public void A_time_is_told_in_seconds_or_with_a_unit(string text, int milliseconds)
    {
        var option = Commands.CheckedOptions.Time("--time", "A time.");
        var parsed = new RootCommand { option }.Parse(["--time", text]);

        Assert.Empty(parsed.Errors);
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), parsed.GetValue(option));
    }

    [Fact]
    public async Task What_was_not_told_is_asked_for()
    {
        var exit = (await RoomcastTool.RunAsync(Nothing, "meeting", "create")).Expect(2);

        Assert.Contains("--account", exit.Errors, StringComparison.Ordinal);
        Assert.Contains("ROOMCAST_ACCOUNT", exit.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_ends_with_3()
    {
        var environment = server.Environment;
        environment["ROOMCAST_URL"] = "http://127.0.0.1:9";

        (await RoomcastTool.RunAsync(environment, "meeting", "list")).Expect(3);
        (await RoomcastTool.RunAsync(environment, "push", server.Flv, "--to", "rtmp://127.0.0.1:9/live", "--key", "k")).Expect(3);
    }

    [Fact]
    public async Task A_token_that_is_not_accepted_ends_with_4_and_is_never_written()
    {
        const string Secret = "secret-token-of-nobody";
        var file = Path.Combine(server.Folder, "token");
        await File.WriteAllTextAsync(file, Secret + "\n");
        var environment = server.Environment;
        foreach (var (variable, arguments) in ((string, string[])[])[("", ["--token", Secret]), ("", ["--token-file", file]), ("ROOMCAST_TOKEN", []), ("ROOMCAST_TOKEN_FILE", [])])
        {
            var told = new Dictionary<string, string>(environment);
            if (variable.Length > 0)
            {
                told[variable] = variable.EndsWith("FILE", StringComparison.Ordinal) ? file : Secret;
            }

            var exit = (await RoomcastTool.RunAsync(told, ["meeting", "list", "--json", .. arguments])).Expect(4);
            Assert.DoesNotContain(Secret, exit.Output + exit.Errors, StringComparison.Ordinal);
            Assert.Contains("\"exit_code\":4", exit.Errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_is_not_there_ends_with_5()
    {
        (await server.RunAsync("livestream", "watch", Guid.NewGuid().ToString())).Expect(5);
        (await server.RunAsync("join", Guid.NewGuid().ToString(), "--publish", "test")).Expect(5);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_ends_with_6()
    {
        var noise = Path.Combine(server.Folder, "noise.mp4");
        await File.WriteAllBytesAsync(noise, [.. Enumerable.Range(0, 3_000).Select(number => (byte)(number * 41))]);
        var meeting = await server.CreateMeetingAsync("Noise");
        var livestream = await server.CreateLivestreamAsync("Noise");

        Assert.Contains("noise.mp4", (await server.RunAsync("join", meeting, "--publish", noise)).Expect(6).Errors, StringComparison.Ordinal);
        (await server.RunAsync("push", noise, "--livestream", livestream)).Expect(6);
    }

    [Fact]
    public async Task A_file_that_fails_on_the_way_ends_with_6()
    {
        var meeting = await server.CreateMeetingAsync("Half");
        var folder = Directory.CreateDirectory(Path.Combine(server.Folder, "half")).FullName;
        var program = Path.Combine(folder, "ffmpeg");

        // In the place of FFmpeg: half of what it would have made, and then a disk that is gone.
        await File.WriteAllTextAsync(program, $"#!/bin/sh\nhead -c {new FileInfo(server.WebM).Length / 2} '{server.WebM}'\necho 'the disk is gone' >&2\nexit 1\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var environment = server.Environment;
        environment["PATH"] = $"{folder}:/usr/bin:/bin";

        var join = (await RoomcastTool.RunAsync(environment, "join", meeting, "--publish", server.Mp4, "--json")).Expect(6);

        Assert.Contains("the disk is gone", join.Errors, StringComparison.Ordinal);
        Assert.True((int)join.Objects.Single(each => (string?)each["event"] == "left")["video_frames_sent"]! > 5, join.Output);
    }

    [Fact]
    public async Task Where_FFmpeg_is_missing_it_says_so_and_ends_with_7()
    {
        var meeting = await server.CreateMeetingAsync("No FFmpeg");
        var livestream = await server.CreateLivestreamAsync("No FFmpeg");
        var environment = server.Environment;
        environment["PATH"] = server.Folder;

        var join = (await RoomcastTool.RunAsync(environment, "join", meeting, "--publish", server.Mp4)).Expect(7);
        Assert.Contains("apt-get install ffmpeg", join.Errors, StringComparison.Ordinal);
        var push = (await RoomcastTool.RunAsync(environment, "push", server.Mp4, "--livestream", livestream)).Expect(7);
        Assert.Contains("apt-get install ffmpeg", push.Errors, StringComparison.Ordinal);

        // What needs none goes on without.
        (await RoomcastTool.RunAsync(environment, "join", meeting, "--publish", server.WebM, "--duration", "1")).Expect(0);
    }

    [Fact]
    public async Task A_server_is_run_with_its_own_options_and_ends_with_its_own_code()
    {
        var data = Path.Combine(server.Folder, "served");
        string[] ports = ["--http-port", "0", "--https-port", "0", "--rtmp-port", "0", "--rtmps-port", "0", "--rtc-port", "0"];
        await using (var serve = RoomcastTool.Start(server.Environment, ["serve", "--data", data, .. ports]))
        {
            await serve.WaitForAsync("ready http://");
            Assert.DoesNotContain("ROOMCAST_URL", serve.Errors, StringComparison.Ordinal);
            var address = serve.Output.Split(' ')[1];
            var made = await RoomcastTool.RunAsync(Nothing, "meeting", "create", "--url", address, "--credentials", Path.Combine(data, "credentials.json"));
            made.Expect(0);
            serve.Terminate();
            (await serve.WaitAsync()).Expect(0);

            // The server itself is what was ended, and not its caller alone.
            (await RoomcastTool.RunAsync(Nothing, "meeting", "list", "--url", address, "--credentials", Path.Combine(data, "credentials.json"))).Expect(3);
        }

        var wrong = (await RoomcastTool.RunAsync(Nothing, "serve", "--http-port", "many")).Expect(2);
        Assert.Contains("http_port", wrong.Errors + wrong.Output, StringComparison.Ordinal);
        (await RoomcastTool.RunAsync(new Dictionary<string, string> { ["ROOMCAST_SERVER"] = "/no/such/server.dll" }, "serve")).Expect(7);
    }

    [Fact]
    public async Task Https_and_rtmps_are_spoken_with_an_authority_that_is_told()
    {
        var environment = server.Environment;
        environment["ROOMCAST_URL"] = server.Process.HttpsBase.ToString();
        (await RoomcastTool.RunAsync(environment, "meeting", "list")).Expect(3);
        environment["ROOMCAST_CA"] = Path.Combine(server.Process.DataFolder, "tls", "ca.pem");

        var meeting = (await RoomcastTool.RunAsync(environment, "meeting", "create", "--json")).Expect(0).Object;
        (await RoomcastTool.RunAsync(environment, "join", (string)meeting["id"]!, "--publish", "test", "--duration", "1")).Expect(0);
        var livestream = (await RoomcastTool.RunAsync(environment, "livestream", "create", "--json")).Expect(0).Object;
        (await RoomcastTool.RunAsync(environment, "push", server.Flv, "--livestream", (string)livestream["id"]!, "--to", new Uri(server.Process.RtmpsBase, "/live").ToString())).Expect(0);
    }

    [Fact]
    public async Task Who_is_interrupted_before_it_was_done_ends_with_130()
    {
        var livestream = await server.CreateLivestreamAsync("Interrupted");
        await using var push = server.Start("push", server.Flv, "--livestream", livestream, "--json");
        await push.WaitForAsync("pictures");

        push.Interrupt();

        (await push.WaitAsync()).Expect(130);
    }

    /// <remarks>Slowly, so that most have not begun; and at once, so that it meets them at every step of joining.</remarks>
    [Theory]
    [InlineData("1", false)]
    [InlineData("1000", false)]
    [InlineData("1000", true)]
    public async Task A_load_that_is_ended_while_its_participants_join_leaves_and_ends_with_130(string rate, bool isTerminated)
    {
        await using var load = server.Start("load", "--participants", "60", "--publishers", "3", "--rate", rate, "--json");
        await load.WaitForAsync("progress");

        if (isTerminated)
        {
            load.Terminate();
        }
        else
        {
            load.Interrupt();
        }

        var ended = (await load.WaitAsync()).Expect(130);
        var summary = ended.Objects[^1];
        Assert.Equal(("summary", 60), ((string?)summary["event"], (int)summary["participants"]!));
        Assert.DoesNotContain("Exception", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_interrupted_in_a_waiting_room_ends_with_130()
    {
        var meeting = await server.CreateMeetingAsync("Locked");
        await using var host = server.Start("join", meeting, "--publish", "test", "--json");
        await host.WaitForAsync("joined");
        await using var guest = server.Start("join", meeting, "--publish", "test", "--preset", "group_call_guest", "--json");
        await guest.WaitForErrorAsync("in the waiting room");

        guest.Interrupt();

        (await guest.WaitAsync()).Expect(130);
    }

    private static IEnumerable<(string[] Words, Command Command)> Paths(Command command, string[] words) =>
        command.Subcommands.SelectMany(each => Paths(each, [.. words, each.Name])).Prepend((words, command));

    [GeneratedRegex("^\\| ([0-9]+) \\| (.+) \\|$", RegexOptions.Multiline)]
    private static partial Regex ExitCodeRow();
}
