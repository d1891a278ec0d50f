using System.Net;
using System.Net.Sockets;
using Roomcast.Interop.Browser;

namespace Roomcast.Interop.Meetings;

/// <summary>Firefox and Chromium in one meeting.</summary>
public sealed class FirefoxTests : IAsyncLifetime
{
    private const int Ben = 1;

    private readonly MeetingServer _server = new() { Arguments = ["--bind", "0.0.0.0", "--public-ip", AddressOfThisMachine().ToString()] };

    public Task InitializeAsync() => _server.InitializeAsync();

    public Task DisposeAsync() => _server.DisposeAsync();

    /// <remarks>
    /// Firefox's make-believe camera shows one colour for all of the picture, which changes with time: so the other end has to see
    /// colours change. Its microphone hears a steady tone. Without a device to play on, its AudioContext never runs, so what
    /// it hears is known from the loudness of what it decodes.
    /// </remarks>
    [Fact]
    public async Task Firefox_and_Chromium_see_and_hear_each_other()
    {
        var meeting = await _server.CreateMeetingAsync("Firefox");
        var ada = await _server.JoinAsync(meeting, 0);
        var profile = Path.Combine(_server.Folder, "firefox");
        Directory.CreateDirectory(profile);
        await BrowserTrust.AddAuthorityAsync(profile, _server.Authority);
        await using var firefox = await FirefoxBrowser.StartAsync(profile, MeetProbe.Tones[Ben]);
        var token = await _server.AddParticipantAsync(meeting, MeetingServer.Names[Ben], "group_call_participant");
        var ben = new MeetTab(_server, await firefox.OpenAsync(_server.PageOf(token), 800, 600, MeetProbe.Text), Ben);
        await ben.JoinAsync();

        await ada.WaitForOthersAsync("Ben");
        await ben.WaitForOthersAsync("Ada");
        await ben.AssertSeesAsync(ada);
        await ben.WaitAsync(
            "[...probe.connections].some((each) => each.getReceivers().some((receiver) => receiver.track.kind === 'audio'"
            + " && receiver.getSynchronizationSources().some(({ audioLevel }) => audioLevel > 0.01)))");
        await AssertSeesColoursChangeAsync(ada);
        await ada.WaitUntilHearsAsync(ben);
        await ben.LeaveAsync();
        await ada.LeaveAsync();
    }

    /// <summary>Five pictures of Ben, each in one colour, no two of them in the same.</summary>
    private static Task AssertSeesColoursChangeAsync(MeetTab tab) => tab.WaitAsync("""
        (() => {
          const seen = probe.look('Ben');
          if (seen === null) return false;
          const colours = (globalThis.coloursOfBen ??= []);
          const differs = (one) => Math.max(...one.map((value, at) => Math.abs(value - seen.colour[at]))) > 8;
          if (Math.max(...seen.colour) > 40 && colours.every(differs)) colours.push(seen.colour);
          return colours.length >= 5;
        })()
        """);

    /// <summary>
    /// The address by which this machine sends to others. Firefox gathers no other one while its devices are make-believe, and
    /// pairs none but loopback addresses with loopback addresses: a server told as 127.0.0.1 is out of its reach.
    /// </summary>
    private static IPAddress AddressOfThisMachine()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(IPAddress.Parse("198.51.100.1"), 9); // Sends nothing: for documentation (RFC 5737).
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return IPAddress.Loopback;
        }
    }
}
