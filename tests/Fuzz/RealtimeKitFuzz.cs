using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Records;
using Roomcast.RealtimeKit.Client;
using Roomcast.RealtimeKit.Rest.Access;
using Roomcast.RealtimeKit.Rest.Meetings;
using Roomcast.RealtimeKit.Rest.Requests;
using Roomcast.RealtimeKit.Rest.Sessions;

namespace Roomcast.Fuzz;

/// <summary>What callers of the REST API send.</summary>
public sealed class RealtimeKitFuzz
{
    private static readonly IReadOnlyDictionary<string, int> Words = new Dictionary<string, int> { ["LIVE"] = 1, ["IDLE"] = 2 };

    [Fact]
    public void A_body_is_read_or_refused() => FuzzRun.Of(
        "realtimekit-body",
        [
            """{"name":"Sunday \u00e4\ud834\udd1e","disabled":true,"playback":"LIVE","expires_in_seconds":3600}"""u8.ToArray(),
            """{"name":null,"disabled":"no","name":"\ud800","\udc00":[{"a":1e400}],"expires_in_seconds":-0.0}"""u8.ToArray(),
            " [1,{},\"x\"] "u8.ToArray(),
        ],
        bytes =>
        {
            using var body = BodyReader.Parse(new ReadOnlySequence<byte>(bytes), "application/json");
            var name = body.ReadName("name", isRequired: true, isNullable: true);
            body.ReadFlag("disabled");
            body.ReadWord("playback", Words);
            body.ReadWholeNumber("expires_in_seconds", 60, 604_800);
            if (body.Refusal is null && name.Value is { } text)
            {
                Assert.InRange(WireText.CountCharacters(text), 1, 256);
                Assert.Equal(text, new UTF8Encoding(false, true).GetString(new UTF8Encoding(false, true).GetBytes(text)));
            }
        });

    [Fact]
    public void A_meetings_body_is_read_or_refused() => FuzzRun.Of(
        "realtimekit-meeting",
        [
            """{"title":"a","record_on_start":null,"ai_config":{"transcription":{"language":"de","keywords":["a"]}},"recording_config":{"file_name_prefix":"a-b","video_config":{"codec":"VP8","watermark":{"url":"https://example.org/","size":{"width":1}}},"storage_config":{"type":"sftp","auth_method":"KEY","private_key":"k","port":22},"realtimekit_bucket_config":{"enabled":true},"live_streaming_config":{"rtmp_url":"rtmp://h/a"}}}"""u8.ToArray(),
            """{"title":"\ud800","recording_config":{"\udc00":1,"storage_config":null,"max_seconds":6e1},"ai_config":{"summarization":{"word_limit":150.0,"summary_type":"\u0067eneral"}}}"""u8.ToArray(),
            """{"participant_ids":["a"," ","\ud800"],"custom_participant_ids":[1],"picture":"https://[::1]:99999/","question":"?","options":[]}"""u8.ToArray(),
        ],
        bytes =>
        {
            using var body = BodyReader.Parse(new ReadOnlySequence<byte>(bytes), "application/json");
            var request = new MeetingRequest(body, readsStatus: true, mayStoreAt: static _ => true);
            var picture = body.ReadAddress("picture", "http", "https");
            var ids = body.ReadTexts("participant_ids", 0, 10, 256, isRequired: false);
            body.ReadTexts("custom_participant_ids", 0, 10, 256, isRequired: false);
            body.ReadText("question", 1_024, isNullable: false, minLength: 1);
            if (body.Refusal is null)
            {
                Assert.True(picture.Value is null || new Uri(picture.Value).Scheme is "http" or "https");
                Assert.All(ids ?? [], id => Assert.InRange(WireText.CountCharacters(id), 1, 256));

                // What is kept can be read again, and a second time changes nothing.
                var settings = request.Settings(new MeetingSettings(), out _);
                Assert.Equal(settings, request.Settings(settings, out _));
                Assert.DoesNotContain("private_key", MeetingConfigs.Told(settings.RecordingConfig)?.ToJsonString() ?? "", StringComparison.Ordinal);
            }
        });

    [Fact]
    public void A_query_is_read_or_refused() => FuzzRun.Of(
        "realtimekit-query",
        [
            "?page_no=2&per_page=50&sort_order=ASC&status=LIVE&exclude_meetings=true&search=%C3%A4"u8.ToArray(),
            "?start_time=2026-06-03T10:00:00.123456789+02:00&end_time=9999-12-31"u8.ToArray(),
            "?start_time=1780437600.5&end_time=253402300799&page_no=99999999999999999999"u8.ToArray(),
            "?start_time=0001-01-01T00:00:00+14:00&end_time=2026-06-03T10:00Z&search=%00%ud800"u8.ToArray(),
        ],
        bytes =>
        {
            var query = new QueryCollection(QueryHelpers.ParseQuery(Encoding.UTF8.GetString(bytes)));
            var list = new QueryReader(query);
            var page = list.ReadPage();
            list.ReadSortOrder();
            list.ReadFlag("exclude_meetings");
            list.ReadWord("status", Words);
            var search = list.ReadSearch("search");
            var created = list.ReadTimeRange();
            if (list.Refusal is null)
            {
                Assert.True(page is { Number: >= 1, Size: >= 1 and <= 100 });
                Assert.True(search is null || WireText.IsStorable(search));
                Assert.False(created.From > created.To);
            }

            var analytics = new QueryReader(query);
            var (from, to) = analytics.ReadAnalyticsRange(new DateTimeOffset(2026, 6, 3, 0, 0, 0, TimeSpan.Zero), isBounded: true);
            if (analytics.Refusal is null)
            {
                Assert.True(from < to);
                Assert.True(to - from <= TimeSpan.FromDays(367));
            }
        });

    [Fact]
    public void What_a_browser_calls_itself_is_read_as_far_as_it_is_known() => FuzzRun.Of(
        "realtimekit-user-agent",
        [
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0"u8.ToArray(),
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"u8.ToArray(),
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0"u8.ToArray(),
            "Mozilla/5.0 (X11; CrOS x86_64 16181.61.0) Android 14; Mac OS X 10_15_7"u8.ToArray(),
        ],
        bytes =>
        {
            var text = Encoding.Latin1.GetString(bytes);
            var read = UserAgentText.Of(text);
            Assert.All([read.BrowserVersion, read.OsVersion], version => Assert.True(
                version is null || (version.Length is > 0 and <= 30 && text.Replace('_', '.').Contains(version, StringComparison.Ordinal))));
            Assert.Equal(read.Browser is null, read.BrowserVersion is null);
        });

    [Fact]
    public void Call_statistics_are_read_as_far_as_there_is_room_for_them() => FuzzRun.Of(
        "realtimekit-call-statistics",
        [
            """{"peerId":"0b7b2c7e-3a3f-4a56-8a43-8f2f2f6d7f01","payload":{"entries":[{"event":"audio_devices_updates","metaData":{"deviceList":[{"deviceId":"a","kind":"audioinput","label":"Mic"},{"kind":"audioinput"}]},"timestamp":"2026-06-03T10:00:00.000Z"},{"event":"audio_devices_updates","metaData":{"deviceList":[]}}]}}"""u8.ToArray(),
            """{"peerId":"0b7b2c7e-3a3f-4a56-8a43-8f2f2f6d7f01","payload":{"entries":[{"event":"selected_camera_update","metaData":{"device":{"kind":"videoinput","label":"\ud83d\ude00"}},"timestamp":"x"},{"event":"precall_end","metaData":{"connectionInfo":{"effectiveNetworkType":"4g","connectivity":{"relay":true}}}},{"event":"call_join","metaData":{"peerMetaData":{"deviceInfo":{"cpus":8}}}}]}}"""u8.ToArray(),
        ],
        bytes =>
        {
            using var body = BodyReader.Parse(new ReadOnlySequence<byte>(bytes), "application/json");
            if (body.ReadWhole((element, _) => CallStatistics.Read(element, DateTimeOffset.UnixEpoch)) is { } told)
            {
                var report = new ClientReport().With(told.Steps).With(told.Steps);
                Assert.All([report.Devices.Count, report.Choices.Count, report.Networks.Count], count => Assert.InRange(count, 0, ClientReport.MaxEntries));
                Assert.All(report.Devices, update => Assert.InRange(update.Added.Count, 0, ClientReport.MaxDevices));
                Assert.All(report.Choices, choice => Assert.InRange(choice.Device.Label.Length, 0, ClientReport.MaxLength));
                Assert.True(report.Processors is null or > 0);
            }
        });

    [Fact]
    public void Credentials_are_read_or_refused() => FuzzRun.Of(
        "realtimekit-credentials",
        ["Bearer rct_0123456789"u8.ToArray(), "bearer  x "u8.ToArray(), "Basic abc"u8.ToArray()],
        bytes =>
        {
            if (BearerCredentials.TryRead(Encoding.Latin1.GetString(bytes), out var token))
            {
                Assert.NotEmpty(token);
                Assert.DoesNotContain(' ', token);
            }
        });
}
