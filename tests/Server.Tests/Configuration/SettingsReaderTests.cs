using System.Collections;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Roomcast.RealtimeKit;
using Roomcast.Server.Configuration;

namespace Roomcast.Server.Tests.Configuration;

public sealed class SettingsReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("roomcast-settings-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Nothing_set_gives_the_documented_defaults()
    {
        var values = ReadGood().Values;

        Assert.Equal(IPAddress.Loopback, values.Get(ServerSettings.Bind));
        Assert.Equal(8080, values.Get(ServerSettings.HttpPort));
        Assert.Equal(8443, values.Get(ServerSettings.HttpsPort));
        Assert.Equal(1935, values.Get(ServerSettings.RtmpPort));
        Assert.Equal(1936, values.Get(ServerSettings.RtmpsPort));
        Assert.Equal(8844, values.Get(ServerSettings.RtcPort));
        Assert.Equal("data", values.Get(ServerSettings.Data));
        Assert.Null(values.Get(ServerSettings.PublicHost));
        Assert.Equal("default", values.OriginOf(ServerSettings.HttpPort));
    }

    // Every way of setting one value, and which of several wins: bit 1 is the file, 2 the environment, 4 the command line.
    [Theory]
    [InlineData(0b000, 8080)]
    [InlineData(0b001, 1001)]
    [InlineData(0b010, 1002)]
    [InlineData(0b011, 1002)]
    [InlineData(0b100, 1003)]
    [InlineData(0b101, 1003)]
    [InlineData(0b110, 1003)]
    [InlineData(0b111, 1003)]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file(int places, int expected)
    {
        if ((places & 1) != 0)
        {
            WriteFile("""{ "http_port": 1001 }""");
        }

        var reading = ReadGood(
            (places & 4) != 0 ? ["--http-port", "1003"] : [],
            (places & 2) != 0 ? new Hashtable { ["ROOMCAST_HTTP_PORT"] = "1002" } : []);

        Assert.Equal(expected, reading.Values.Get(ServerSettings.HttpPort));
    }

    [Fact]
    public void Every_setting_can_be_set_in_each_place_with_its_own_default()
    {
        // tls_cert and tls_key have no default; what is left is written back in each place and must mean the same.
        foreach (var setting in ServerSettings.Registry.All.Where(setting => setting.DefaultText.Length > 0))
        {
            var text = setting.DefaultText;
            var json = (string?)setting.Schema()["type"] is "integer" or "boolean" ? text : $"\"{text}\"";
            WriteFile(setting.IsAllowedInFile ? $$"""{ "{{setting.Key}}": {{json}} }""" : "{}");

            Assert.Empty(Read([], []).Faults);
            Assert.Empty(Read([], new Hashtable { [setting.EnvironmentVariable] = text }).Faults);
            Assert.Empty(Read([setting.Option, text], []).Faults);
            Assert.Empty(Read([$"{setting.Option}={text}"], []).Faults);
        }
    }

    [Fact]
    public void Every_setting_refuses_an_empty_value_on_the_command_line_and_says_what_is_allowed()
    {
        foreach (var setting in ServerSettings.Registry.All)
        {
            var faults = Read([$"{setting.Option}="], []).Faults.Where(fault => fault.Key == setting.Key);

            Assert.Contains(faults, fault =>
                fault.Origin.Contains(setting.Option, StringComparison.Ordinal) && fault.Message.Contains(setting.Allowed, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_fault_is_reported_at_once_with_its_key_place_and_value()
    {
        WriteFile("""{ "bind": "everywhere", "hls": {}, "https_prt": 1, "rtmp_port": 70000 }""");

        var faults = Read(
            ["--drain-timeout", "soon", "--no-such-thing", "5", "--log-level"],
            new Hashtable { ["ROOMCAST_MIN_FREE_DISK"] = "lots" }).Faults.Select(fault => fault.ToString()).ToList();

        Assert.Equal(8, faults.Count);
        Assert.Contains(faults, fault => fault.Contains("bind (", StringComparison.Ordinal) && fault.Contains("roomcast.json", StringComparison.Ordinal) && fault.Contains("\"everywhere\"", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("hls (", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("https_prt (", StringComparison.Ordinal) && fault.Contains("did you mean https_port?", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("rtmp_port (", StringComparison.Ordinal) && fault.Contains("\"70000\"", StringComparison.Ordinal) && fault.Contains("0 to 65535", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("drain_timeout (command line --drain-timeout)", StringComparison.Ordinal) && fault.Contains("\"soon\"", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("--no-such-thing (command line)", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("log_level (command line --log-level)", StringComparison.Ordinal) && fault.Contains("needs a value", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("min_free_disk (environment variable ROOMCAST_MIN_FREE_DISK)", StringComparison.Ordinal) && fault.Contains("\"lots\"", StringComparison.Ordinal));
    }

    [Fact]
    public void A_secret_is_neither_in_a_fault_nor_in_the_printed_values()
    {
        var fault = Assert.Single(Read(["--metrics-token", "short-secret"], []).Faults);
        Assert.DoesNotContain("short-secret", fault.ToString(), StringComparison.Ordinal);
        Assert.Contains("16 to 512", fault.Message, StringComparison.Ordinal);

        var values = ReadGood(["--metrics-token", "a-long-enough-secret", "--database-url", "postgres://u:hidden-word@db/x"]).Values;
        var text = SettingsText.Values(ServerSettings.Registry, values);
        Assert.Contains("metrics_token = (secret)  # command line --metrics-token", text, StringComparison.Ordinal);
        Assert.DoesNotContain("a-long-enough-secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden-word", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_another_overrides_is_checked_all_the_same()
    {
        WriteFile("""{ "http_port": "eighty" }""");

        var fault = Assert.Single(Read(["--http-port", "80"], []).Faults);

        Assert.Contains("\"eighty\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_environment_variable_counts_as_not_set() =>
        Assert.Equal(8080, ReadGood([], new Hashtable { ["ROOMCAST_HTTP_PORT"] = "" }).Values.Get(ServerSettings.HttpPort));

    [Fact]
    public void An_unknown_environment_variable_is_a_warning_with_a_suggestion()
    {
        var reading = ReadGood([], new Hashtable { ["ROOMCAST_HTTPPORT"] = "1", ["PATH"] = "x" });

        var warning = Assert.Single(reading.Warnings);
        Assert.Contains("ROOMCAST_HTTP_PORT", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]", "one JSON object")]
    [InlineData("{ \"http_port\": 1 ", "not JSON: it breaks at line 1")]
    [InlineData("{\n\"http_port\": x }", "not JSON: it breaks at line 2")]
    [InlineData("", "not JSON")]
    [InlineData("{ \"http_port\": null }", "null")]
    [InlineData("{ \"http_port\": [1] }", "a list")]
    [InlineData("{ \"http_port\": 1, \"http_port\": 2 }", "set twice")]
    [InlineData("{ \"config\": \"x.json\" }", "cannot stand in a settings file")]
    public void A_settings_file_that_cannot_be_used_is_one_clear_fault(string content, string expected)
    {
        WriteFile(content);

        Assert.Contains(expected, Assert.Single(Read([], []).Faults).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_settings_file_may_have_comments_a_schema_and_a_comma_at_the_end()
    {
        WriteFile("""
            {
              "$schema": "docs/roomcast.schema.json",
              // The proxy in front wants this port.
              "http_port": 9000,
            }
            """);

        Assert.Equal(9000, ReadGood().Values.Get(ServerSettings.HttpPort));
    }

    [Fact]
    public void A_named_settings_file_that_is_missing_is_a_fault_and_an_unnamed_one_is_not()
    {
        ReadGood();

        var fault = Assert.Single(Read(["--config", "other.json"], []).Faults);
        Assert.Equal("config", fault.Key);
        Assert.Contains("other.json", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_settings_file_is_read_instead_of_the_default_one()
    {
        WriteFile("""{ "http_port": 1001 }""");
        File.WriteAllText(Path.Combine(_folder, "other.json"), """{ "https_port": 1002 }""");

        var values = ReadGood([], new Hashtable { ["ROOMCAST_CONFIG"] = "other.json" }).Values;

        Assert.Equal(8080, values.Get(ServerSettings.HttpPort));
        Assert.Equal(1002, values.Get(ServerSettings.HttpsPort));
    }

    [Fact]
    public void An_option_given_twice_is_a_fault() =>
        Assert.Contains("twice", Assert.Single(Read(["--http-port", "1", "--http-port", "2"], []).Faults).Message, StringComparison.Ordinal);

    [Fact]
    public void Two_listeners_cannot_have_one_port_but_any_number_may_have_port_0()
    {
        var fault = Assert.Single(Read(["--http-port", "9000", "--rtmps-port", "9000"], []).Faults);
        Assert.Contains("http_port", fault.Key, StringComparison.Ordinal);
        Assert.Contains("rtmps_port", fault.Key, StringComparison.Ordinal);

        ReadGood(["--http-port", "0", "--https-port", "0"]);
    }

    [Theory]
    [InlineData("--tls-cert", "tls_key")]
    [InlineData("--tls-key", "tls_cert")]
    public void A_certificate_and_its_key_come_together(string option, string missing) =>
        Assert.Equal(missing, Assert.Single(Read([option, "x.pem"], []).Faults).Key);

    [Theory]
    [InlineData("--help", "Help")]
    [InlineData("-h", "Help")]
    [InlineData("--version", "Version")]
    [InlineData("--print-config", "PrintConfig")]
    public void A_request_is_told_apart_from_settings(string argument, string expected) =>
        Assert.Equal(expected, Read([argument], []).Request.ToString());

    [Fact]
    public void Rate_limits_are_read_and_written_alike()
    {
        var values = ReadGood(["--rest-rate-limits", "*=3500/5m, POST /{app_id}/livestreams=10/1m"]).Values;

        var setting = (Setting<IReadOnlyList<RateLimitOptions>>)ServerSettings.Registry.Find("rest_rate_limits")!;
        var limits = values.Get(setting);
        Assert.Equal(2, limits.Count);
        Assert.Equal(("*", null, 3_500, TimeSpan.FromMinutes(5)), (limits[0].Route, limits[0].Method, limits[0].Requests, limits[0].Window));
        Assert.Equal(("/{app_id}/livestreams", "POST", 10, TimeSpan.FromMinutes(1)), (limits[1].Route, limits[1].Method, limits[1].Requests, limits[1].Window));
        Assert.Equal("*=3500/5m, POST /{app_id}/livestreams=10/1m", values.Show(setting));
    }

    [Theory]
    [InlineData("3500/5m")]
    [InlineData("*=0/5m")]
    [InlineData("*=5")]
    [InlineData("*=5/1ms")]
    [InlineData("livestreams=5/1m")]
    [InlineData("PO ST /x=5/1m")]
    [InlineData("*=5/1m,,")]
    public void A_rate_limit_that_is_not_one_is_refused(string text) =>
        Assert.Equal("rest_rate_limits", Assert.Single(Read(["--rest-rate-limits", text], []).Faults).Key);

    [Fact]
    public void A_feature_gets_its_options_by_one_line_and_its_own_validator_speaks_of_keys()
    {
        var registry = new SettingsRegistry();
        registry.Group("Sample");
        registry.Bind("sample_window", (SampleOptions o) => o.Window, SettingTypes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), "How long.");
        registry.Bind("sample_part", (SampleOptions o) => o.Part, SettingTypes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), "How short.");
        registry.Check(new SampleValidator());

        var good = SettingsReader.Read(registry, ["--sample-window", "7s"], new Hashtable(), _folder);
        var services = new ServiceCollection();
        registry.Configure(services, good.Values);
        using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<IOptions<SampleOptions>>().Value;
        Assert.Empty(good.Faults);
        Assert.Equal(TimeSpan.FromSeconds(7), options.Window);
        Assert.Equal(TimeSpan.FromSeconds(2), options.Part);

        var fault = Assert.Single(SettingsReader.Read(registry, ["--sample-window=1s"], new Hashtable(), _folder).Faults);
        Assert.Equal("sample_window", fault.Key);
        Assert.Equal("command line --sample-window", fault.Origin);
        Assert.StartsWith("holds no part.", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_are_well_formed_and_meanings_are_sentences()
    {
        foreach (var setting in ServerSettings.Registry.All)
        {
            Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", setting.Key);
            Assert.EndsWith(".", setting.Meaning, StringComparison.Ordinal);
            Assert.DoesNotContain("|", setting.Meaning + setting.Allowed, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Help_tells_of_every_setting()
    {
        var help = SettingsText.Help(ServerSettings.Registry);

        Assert.All(ServerSettings.Registry.All, setting =>
        {
            Assert.Contains(setting.Option + "\n", help, StringComparison.Ordinal);
            Assert.Contains(setting.Meaning, help, StringComparison.Ordinal);
            Assert.Contains(setting.Allowed, help, StringComparison.Ordinal);
        });
    }

    private SettingsReading Read(string[] arguments, Hashtable environment) =>
        SettingsReader.Read(ServerSettings.Registry, arguments, environment, _folder);

    private SettingsReading ReadGood(string[]? arguments = null, Hashtable? environment = null)
    {
        var reading = Read(arguments ?? [], environment ?? []);
        Assert.Empty(reading.Faults);
        return reading;
    }

    private void WriteFile(string content) => File.WriteAllText(Path.Combine(_folder, SettingsReader.DefaultFile), content);

    private sealed record SampleOptions
    {
        public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(60);

        public TimeSpan Part { get; set; } = TimeSpan.FromSeconds(2);
    }

    private sealed class SampleValidator : IValidateOptions<SampleOptions>
    {
        public ValidateOptionsResult Validate(string? name, SampleOptions options)
        {
            var result = new ValidateOptionsResultBuilder();
            if (options.Window < options.Part)
            {
                result.AddError("holds no part.", nameof(SampleOptions.Window));
            }

            return result.Build();
        }
    }
}
