using Roomcast.Egress.Composition;
using Roomcast.Egress.Playback;
using Roomcast.Egress.Push;
using Roomcast.Egress.Recording;
using Roomcast.Egress.Recording.Pages;
using Roomcast.Hls;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Ingest;
using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Viewers;
using Roomcast.Meetings.Blobs;
using Roomcast.Meetings.History;
using Roomcast.Meetings.Sessions;
using Roomcast.Meetings.Tokens;
using Roomcast.RealtimeKit;
using Roomcast.RealtimeKit.Client;
using Roomcast.Relay;
using Roomcast.Server.Live;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;
using Roomcast.Transcripts;
using Roomcast.Transports.Rtc;
using Roomcast.Webhooks;

namespace Roomcast.Server.Configuration;

/// <summary>The features' own options as settings: one line each. Defaults come from the options classes, checks from their validators.</summary>
internal static class FeatureSettings
{
    /// <summary>Threads of the WebRTC port, needed before features are registered: each has a socket.</summary>
    public static Setting<int> RtcThreads { get; private set; } = null!;

    /// <summary>How the WebRTC port's UDP sockets are driven.</summary>
    public static Setting<UdpForm> RtcUdp { get; private set; } = null!;

    /// <summary>Buffers of the WebRTC port's UDP sockets, in bytes.</summary>
    public static Setting<int> RtcSocketBuffer { get; private set; } = null!;

    /// <summary>Adds them all.</summary>
    public static void AddTo(SettingsRegistry settings)
    {
        settings.Group("Storage");
        settings.Bind("database_url", (StorageOptions o) => o.DatabaseUrl, SettingTypes.Text(1, 2_048, "postgres://user:password@host:5432/database or Host=…;Database=…").Optional(), "The PostgreSQL database. Without it: SQLite in the data folder.", isSecret: true);
        settings.Bind("database_max_connections", (StorageOptions o) => o.MaxConnections, SettingTypes.Whole(2, 500), "Most connections to the database at once.");
        settings.Bind("database_slow_statement", (StorageOptions o) => o.SlowStatement, SettingTypes.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1)), "A statement that takes longer is logged.");
        settings.Check(new StorageOptionsValidator());

        settings.Group("Livestreams");
        settings.Bind("ingest_grace", (LivestreamOptions o) => o.IngestGrace, SettingTypes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), "How long a livestream without a publisher stays on air.");
        settings.Bind("ingest_takeover_silence", (LivestreamOptions o) => o.TakeoverSilence, Seconds(1, 60), "How long a publisher must be silent before another with its key may take over.");
        settings.Bind("ingest_max_publishers", (LivestreamOptions o) => o.MaxPublishers, SettingTypes.Whole(1, 100_000), "Most publishers at once.");
        settings.Bind("ended_linger", (LivestreamOptions o) => o.EndedLinger, SettingTypes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), "How long the playlist of an ended livestream can still be fetched.");
        settings.Bind("figure_interval", (LivestreamOptions o) => o.FigureInterval, SettingTypes.Duration(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(5)), "How often figures of livestreams on air are stored: a crash loses at most this much.");

        settings.Bind("livestream_empty_stage", (MeetingLivestreamOptions o) => o.EmptyStage, SettingTypes.Duration(MeetingLivestreamOptionsValidator.LeastEmptyStage, MeetingLivestreamOptionsValidator.MostEmptyStage), "How long nobody need be on stage before the livestream of a meeting ends.");
        settings.Bind("livestream_slate_text", (MeetingLivestreamOptions o) => o.SlateText, SettingTypes.Text(1, MeetingLivestreamOptionsValidator.MaxSlateLength), "What viewers read while nobody is on stage.");
        settings.Check(new MeetingLivestreamOptionsValidator());

        settings.Group("Ingest limits");
        settings.Bind("ingest_max_connections", (IngestOptions o) => o.MaxConnections, SettingTypes.Whole(1, 100_000), "RTMP and RTMPS connections at once.");
        settings.Bind("ingest_max_connections_per_address", (IngestOptions o) => o.MaxConnectionsPerAddress, SettingTypes.Whole(1, 100_000), "Most RTMP connections of one address at once; an IPv6 /64 counts as one.");
        settings.Bind("ingest_max_pending_per_address", (IngestOptions o) => o.MaxPendingPerAddress, SettingTypes.Whole(1, 10_000), "Most RTMP connections of one address that publish nothing yet.");
        settings.Bind("ingest_handshake_timeout", (IngestOptions o) => o.HandshakeTimeout, Seconds(1, 60), "Longest an encoder may take for the handshake.");
        settings.Bind("ingest_publish_timeout", (IngestOptions o) => o.PublishTimeout, Seconds(1, 60), "Longest it may then take until it asks to publish.");
        settings.Bind("ingest_idle_timeout", (IngestOptions o) => o.IdleTimeout, Seconds(5, 600), "A publisher that sends nothing for this long is disconnected.");
        settings.Bind("ingest_max_bitrate", (IngestOptions o) => o.MaxBitrateBps, SettingTypes.Bitrate(100_000, 1_000_000_000), "Most that one publisher may send, averaged over ten seconds.");
        settings.Bind("ingest_max_frame", (IngestOptions o) => o.MaxFrameBytes, SettingTypes.SmallSize(256 << 10, 15 << 20), "Largest frame.");
        settings.Bind("ingest_probe_time", (IngestOptions o) => o.ProbeTime, Seconds(0, 10), "How long to wait for both sound and picture before going on air with what there is.");
        settings.Bind("ingest_track_silence", (IngestOptions o) => o.TrackSilence, Seconds(2, 600), "A track silent for this long while the other goes on is taken out until it returns.");
        settings.Bind("ingest_max_clock_step", (IngestOptions o) => o.MaxClockStep, SettingTypes.Duration(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(60)), "A larger step of the encoder's clock is a discontinuity.");
        settings.Check(new IngestOptionsValidator());

        settings.Group("Push");
        settings.Bind("push_max_outputs", (PushOptions o) => o.MaxOutputs, SettingTypes.Whole(1, 100), "Most outputs of one livestream.");
        settings.Bind("push_private_networks", (PushOptions o) => o.PrivateNetworks, SettingTypes.Networks, "Networks that are not public and may be pushed into all the same, such as 127.0.0.0/8 or 10.0.0.0/8. Link-local addresses never may.");
        settings.Bind("push_trusted_authorities", (PushOptions o) => o.TrustedAuthorities, SettingTypes.Path.Optional(), "PEM file of authorities that the certificates of RTMPS targets may be signed by, besides those of the system.");
        settings.Bind("push_connect_timeout", (PushOptions o) => o.ConnectTimeout, Seconds(1, 60), "Longest for looking up a target, connecting to it and TLS.");
        settings.Bind("push_publish_timeout", (PushOptions o) => o.PublishTimeout, Seconds(1, 60), "Longest from there until the target lets us publish.");
        settings.Bind("push_stall_timeout", (PushOptions o) => o.StallTimeout, Seconds(2, 120), "How long a target may take nothing before it counts as wedged; after as long again the connection is made anew.");
        settings.Bind("push_session_reconnect", (PushOptions o) => o.SessionReconnect, SettingTypes.Duration(TimeSpan.Zero, TimeSpan.FromMinutes(10)), "How long the stream of a room that lost its target is tried again before it ends.");
        settings.Check(new PushOptionsValidator());

        settings.Group("Meetings");
        settings.Bind("participant_token_lifetime", (ParticipantTokenOptions o) => o.Lifetime, SettingTypes.Duration(ParticipantTokenOptions.MinLifetime, ParticipantTokenOptions.MaxLifetime), "How long the token of a participant is good for. Who is in a meeting when it ends stays.");
        settings.Bind("participant_token_refresh_replaces", (ParticipantTokenOptions o) => o.RefreshReplaces, SettingTypes.Boolean, "Whether refreshing a participant's token makes the earlier ones worthless.");
        settings.Check(new ParticipantTokenOptionsValidator());
        settings.Bind("chat_retention", (ChatFileOptions o) => o.Retention, SettingTypes.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)), "How long chat messages and files of a meeting that does not persist its chat are kept.");
        settings.Bind("chat_max_file", (ChatFileOptions o) => o.MaxFileBytes, SettingTypes.Size(1 << 10, 1 << 30), "Largest file sent in a chat.");
        settings.Bind("chat_file_endings", (ChatFileOptions o) => o.AllowedEndings, SettingTypes.Text(1, 1_024, "endings separated by commas, such as png, jpg, pdf").Optional(), "The only endings that names of files sent in a chat may have. Without it: any.");
        settings.Bind("chat_check_pictures", (ChatFileOptions o) => o.ChecksPictures, SettingTypes.Boolean, "Whether a file whose name ends like a picture's must be one.");
        settings.Bind("chat_upload_time", (ChatFileOptions o) => o.UploadTime, SettingTypes.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromHours(1)), "How long the address that a file is uploaded to can be used.");
        settings.Bind("chat_uploads_per_hour", (ChatFileOptions o) => o.UploadsPerHour, SettingTypes.Whole(1, 100_000), "Files that each participant may send in chats: so many at once, and over each hour as many again.");
        settings.Check(new ChatFileOptionsValidator());
        settings.Bind("session_report_retention", (HistoryOptions o) => o.ReportRetention, SettingTypes.Duration(HistoryOptions.Bounds.Least, HistoryOptions.Bounds.Most), "How long figures of media, and addresses and browsers of participants, are kept after a session.");
        settings.Bind("session_file_retention", (HistoryOptions o) => o.FileRetention, SettingTypes.Duration(HistoryOptions.Bounds.Least, TimeSpan.FromDays(365)), "How long transcripts and summaries are kept after a session, and links to files of it hold. Addresses of a bucket hold for 7 days at most.");
        settings.Check(new HistoryOptionsValidator());

        settings.Group("Transcripts");
        settings.Bind("transcription_url", (TranscriptOptions o) => o.TranscriptionUrl, SettingTypes.Text(1, 2_048, "an address such as https://api.example.org/v1").Optional(), "The service that writes down speech for apps that chose none, in the form of OpenAI's API. Without it: none.");
        settings.Bind("transcription_model", (TranscriptOptions o) => o.TranscriptionModel, SettingTypes.Text(1, 128), "The model that the transcription service uses.");
        settings.Bind("transcription_key", (TranscriptOptions o) => o.TranscriptionKey, SettingTypes.Text(1, 512).Optional(), "The API key of the transcription service.", isSecret: true);
        settings.Bind("transcription_longest_piece", (TranscriptOptions o) => o.LongestPiece, Seconds(2, 60), "How long a piece of speech is at most before it is written down.");
        settings.Bind("summary_url", (TranscriptOptions o) => o.SummaryUrl, SettingTypes.Text(1, 2_048, "an address such as https://api.example.org/v1").Optional(), "The service that summarises transcripts for apps that chose none, in the form of OpenAI's API. Without it: none.");
        settings.Bind("summary_model", (TranscriptOptions o) => o.SummaryModel, SettingTypes.Text(1, 128), "The model that the summary service uses.");
        settings.Bind("summary_key", (TranscriptOptions o) => o.SummaryKey, SettingTypes.Text(1, 512).Optional(), "The API key of the summary service.", isSecret: true);
        settings.Bind("ai_patience", (TranscriptOptions o) => o.Patience, SettingTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)), "How long an answer of the transcription or summary service may take.");
        settings.Bind("ai_allow_private_targets", (TranscriptOptions o) => o.AllowsPrivateTargets, SettingTypes.Boolean, "Whether services that apps choose may be at addresses of private networks.");
        settings.Check(new TranscriptOptionsValidator());

        settings.Group("Recordings");
        settings.Bind("recording_link_lifetime", (RecordingOptions o) => o.LinkLifetime, SettingTypes.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)), "How long files of recordings can be downloaded; then they are deleted. Addresses of a bucket hold for 7 days at most.");
        settings.Bind("recording_max", (RecordingOptions o) => o.MaxRecordings, SettingTypes.Whole(1, 10_000), "Most recordings under way at once.");
        settings.Bind("recording_upload_patience", (RecordingOptions o) => o.UploadPatience, SettingTypes.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)), "How long an upload that fails is tried again.");
        settings.Bind("recording_allow_private_targets", (RecordingOptions o) => o.AllowsPrivateTargets, SettingTypes.Boolean, "Whether storages and watermarks that recordings name may be at addresses of private networks.");
        settings.Check(new RecordingOptionsValidator());
        settings.Bind("recording_browser", (RecordingPageOptions o) => o.Browser, SettingTypes.Text(1, 4_096, "auto, off or a path"), "The Chromium in which web pages are recorded: `auto` for the first that is installed, `off` for none, or its path.");
        settings.Bind("recording_max_pages", (RecordingPageOptions o) => o.MaxPages, SettingTypes.Whole(1, 100), "Most web pages recorded at once, each in a browser of its own.");
        settings.Bind("recording_page_private_networks", (RecordingPageOptions o) => o.PrivateNetworks, SettingTypes.Networks, "Networks that are not public, and addresses of this machine, from which recorded web pages may load all the same, such as 127.0.0.0/8 or 10.0.0.0/8. Link-local addresses never may.");
        settings.Check(new RecordingPageOptionsValidator());
        settings.Bind("s3_bucket", (BlobOptions o) => o.S3Bucket, SettingTypes.Text(1, 255, "a bucket's name").Optional(), "The bucket that recordings are kept in. Without it: the data folder.");
        settings.Bind("s3_endpoint", (BlobOptions o) => o.S3Endpoint, SettingTypes.Text(1, 2_048, "an address such as https://s3.example.org").Optional(), "Where the S3-compatible server is. Without it: AWS in the region.");
        settings.Bind("s3_region", (BlobOptions o) => o.S3Region, SettingTypes.Text(1, 64, "a region such as eu-central-1"), "The bucket's region.");
        settings.Bind("s3_access_key", (BlobOptions o) => o.S3AccessKey, SettingTypes.Text(1, 1_024, "an access key").Optional(), "The access key to the bucket.", isSecret: true);
        settings.Bind("s3_secret_key", (BlobOptions o) => o.S3SecretKey, SettingTypes.Text(1, 1_024, "the secret of an access key").Optional(), "The secret of the access key.", isSecret: true);
        settings.Bind("s3_prefix", (BlobOptions o) => o.S3Prefix, SettingTypes.Text(1, 512, "a path such as roomcast/").Optional(), "Put before the names of all files in the bucket.");
        settings.Bind("s3_path_style", (BlobOptions o) => o.S3PathStyle, SettingTypes.Boolean, "Whether the bucket stands in the path rather than in the host's name, as most servers other than AWS want it.");
        settings.Check(new BlobOptionsValidator());

        settings.Group("WebRTC");
        RtcThreads = settings.Bind("rtc_threads", (RtcHostOptions o) => o.Threads, SettingTypes.Whole(0, 64), "Threads that receive, forward and send. 0: one for each core, at most 16.");
        RtcUdp = settings.Bind("rtc_udp", (RtcHostOptions o) => o.Udp, SettingTypes.Choice<UdpForm>(), "How UDP is received and sent. batched: many packets for each system call, on Linux. auto: batched where it can be.");
        RtcSocketBuffer = settings.Bind("rtc_socket_buffer", (RtcHostOptions o) => o.SocketBufferBytes, SettingTypes.SmallSize(64 << 10, 256 << 20), "What the system may hold for each UDP socket in each direction; its own limits (net.core.rmem_max) hold too.");
        settings.Bind("rtc_checks_per_address", (RtcHostOptions o) => o.ChecksPerAddress, SettingTypes.Whole(10, 100_000), "Connectivity checks per second that one address may send from unknown ports; an IPv6 /64 counts as one.");
        settings.Bind("rtc_max_tcp_connections", (RtcHostOptions o) => o.MaxTcpConnections, SettingTypes.Whole(1, 100_000), "TCP connections of peers that cannot use UDP, at once.");
        settings.Bind("rtc_max_tcp_connections_per_address", (RtcHostOptions o) => o.MaxTcpConnectionsPerAddress, SettingTypes.Whole(1, 100_000), "Most WebRTC connections over TCP of one address at once.");
        settings.Bind("rtc_tcp_handshake_timeout", (RtcHostOptions o) => o.TcpHandshakeTimeout, Seconds(1, 60), "How long such a connection may take until it has shown whose it is.");
        settings.Bind("rtc_tcp_stall_timeout", (RtcHostOptions o) => o.TcpStallTimeout, Seconds(1, 300), "A peer over TCP that takes nothing for this long while something waits is disconnected.");

        settings.Group("HLS");
        settings.Bind("hls_segment_target", (HlsOptions o) => o.SegmentTarget, Seconds(1, 10), "Length a segment aims at; it ends at the next keyframe.");
        settings.Bind("hls_part_target", (HlsOptions o) => o.PartTarget, SettingTypes.Duration(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1)), "Longest a part may be. Viewers in low-latency mode stay three of these behind.");
        settings.Bind("hls_window", (HlsOptions o) => o.Window, SettingTypes.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromHours(12)), "How far back a playlist reaches.");
        settings.Bind("hls_memory", (HlsOptions o) => o.MaxBytesInMemory, SettingTypes.Size(1 << 20, 1L << 40), "Memory one livestream may hold in media; older segments go to disk.");
        settings.Bind("hls_max_held", (DeliveryOptions o) => o.MaxHeld, SettingTypes.Whole(1, 1_000_000), "Most requests for a coming playlist or part that are held at once.");
        settings.Bind("hls_max_held_per_livestream", (DeliveryOptions o) => o.MaxHeldPerLivestream, SettingTypes.Whole(1, 1_000_000), "Most requests that are held at once for one livestream.");
        settings.Bind("hls_max_held_per_address", (DeliveryOptions o) => o.MaxHeldPerAddress, SettingTypes.Whole(0, 1_000_000), "Most requests of one address that are held at once; an IPv6 /64 counts as one. 0: no bound, for a server behind a proxy.");
        settings.Check((HlsOptions o) => o.Validate().Select(fault => (fault.Split(' ')[0], fault)));

        settings.Group("Viewers");
        settings.Bind("viewer_silence", (ViewerCountingOptions o) => o.Silence, Seconds(2, 60), "How long after its last request a viewer without heartbeats counts as gone.");
        settings.Bind("viewer_heartbeat", (ViewerCountingOptions o) => o.HeartbeatInterval, Seconds(1, 60), "How often a page with heartbeats sends one.");
        settings.Bind("viewer_max_tracked", (ViewerCountingOptions o) => o.MaxTracked, SettingTypes.Whole(1, 10_000_000), "Viewers of one livestream that are told apart; those beyond are estimated.");
        settings.Bind("viewer_address_burst", (ViewerCountingOptions o) => o.AddressBurst, SettingTypes.Whole(1, 1_000_000), "Viewer calls one address may make in a burst.");
        settings.Bind("viewer_address_rate", (ViewerCountingOptions o) => o.AddressCallsPerSecond, SettingTypes.Whole(1, 1_000_000), "Viewer calls per second one address may make for long.");
        settings.Check((ViewerCountingOptions o) => o.Validate());

        settings.Group("Sessions");
        settings.Bind("session_peer_grace", (MeetingSessionOptions o) => o.PeerGrace, SettingTypes.Duration(TimeSpan.Zero, TimeSpan.FromMinutes(10)), "How long the media transports of a participant whose connection was lost are kept.");
        settings.Bind("session_max_peers", (MeetingSessionOptions o) => o.MaxPeers, SettingTypes.Whole(1, 100_000), "Most participants connected to one meeting.");
        settings.Bind("ice_servers", (ClientOptions o) => o.IceServers, IceServerText.Type, "STUN and TURN servers that web clients are told of. None by default: this server is reached at its own address.", isSecret: true);
        settings.Check(new MeetingSessionOptionsValidator());

        settings.Group("Composition");
        settings.Bind("composition_preset", (CompositionOptions o) => o.Preset, SettingTypes.Text(1, 32, "one of " + string.Join(", ", CompositionOptions.Presets)), "How the composed picture trades quality for processor time.");
        settings.Bind("composition_bitrate", (CompositionOptions o) => o.BitrateBps, SettingTypes.Bitrate(200_000, 20_000_000), "Bits per second of a composed picture of 1280x720; other sizes get them by their pixels. The sound is 128 kbit/s.");
        settings.Bind("composition_frame_rate", (CompositionOptions o) => o.FrameRate, SettingTypes.Whole(10, 60), "Composed pictures per second.");
        settings.Bind("composition_threads", (CompositionOptions o) => o.EncoderThreads, SettingTypes.Whole(1, 16), "Threads of each composed picture's encoder.");
        settings.Bind("composition_nice", (CompositionOptions o) => o.Nice, SettingTypes.Whole(0, 19), "The nice value of composing workers: at 0 they compete with the server as equals, at 19 they yield to everything else.");
        settings.Bind("composition_max", (CompositionOptions o) => o.MaxCompositions, SettingTypes.Whole(0, 1_000), "Most meetings composed at once.");
        settings.Bind("composition_admission", (CompositionOptions o) => o.AdmitsByLoad, SettingTypes.Boolean, "Whether composing one more meeting is refused when the machine has no room for it by what those that run were measured to take.");
        settings.Bind("composition_max_load", (CompositionOptions o) => o.MaxLoadPercent, SettingTypes.Whole(10, 100), "Percent of all processors that may be busy with one more meeting composed.");
        settings.Bind("composition_silence", (CompositionOptions o) => o.Silence, Seconds(1, 60), "A composing worker that produces no frame for this long is replaced.");
        settings.Bind("composition_worker", (CompositionOptions o) => o.WorkerPath, SettingTypes.Text(1, 4_096, "a path").Optional(), "The composing worker's program. Without it: the one that was built with the server.");
        settings.Check(new CompositionOptionsValidator());
        settings.Bind("composition_layout", (SceneStyleOptions o) => o.Layout, SettingTypes.Choice<SceneLayout>(), "How composed meetings are laid out, unless a livestream is started with a layout of its own.");
        settings.Bind("composition_background_color", (SceneStyleOptions o) => o.BackgroundColor, SettingTypes.Text(7, 7, "a colour such as #101418"), "What is seen between and around the pictures.");
        settings.Bind("composition_background_image", (SceneStyleOptions o) => o.BackgroundFile, SettingTypes.Path.Optional(), "A PNG or JPEG that fills the background. Without it: the colour alone.");
        settings.Bind("composition_watermark", (SceneStyleOptions o) => o.WatermarkFile, SettingTypes.Path.Optional(), "A PNG or JPEG at a corner of livestreams, and of recordings that name no watermark of their own. Without it: none.");
        settings.Bind("composition_watermark_corner", (SceneStyleOptions o) => o.WatermarkCorner, SettingTypes.Choice<SceneCorner>(), "The corner it is at.");
        settings.Bind("composition_allow_private_pictures", (SceneStyleOptions o) => o.AllowsPrivatePictures, SettingTypes.Boolean, "Whether the pictures of participants, which stand for them while their camera is off, and the backgrounds and watermarks that livestreams name may be at addresses of private networks.");
        settings.Check(new SceneStyleOptionsValidator());

        settings.Group("Playback");
        settings.Bind("playback_max", (PlaybackOptions o) => o.MaxPlaybacks, SettingTypes.Whole(0, 1_000), "Most media played into meetings at once; each has a process of its own.");
        settings.Bind("playback_max_per_room", (PlaybackOptions o) => o.MaxOfSession, SettingTypes.Whole(1, 16), "Most media played into one meeting at once.");
        settings.Bind("playback_start_timeout", (PlaybackOptions o) => o.StartTimeout, Seconds(5, 120), "Longest until something that is played is first seen or heard.");
        settings.Bind("playback_stall_timeout", (PlaybackOptions o) => o.StallTimeout, Seconds(5, 600), "Longest that a source may give nothing while it is played.");
        settings.Bind("playback_private_networks", (PlaybackOptions o) => o.PrivateNetworks, SettingTypes.Networks, "Networks that are not public and may be played from all the same, such as 127.0.0.0/8 or 10.0.0.0/8. Link-local addresses never may.");
        settings.Check(new PlaybackOptionsValidator());

        settings.Group("Webhooks");
        settings.Bind("webhook_timeout", (WebhookOptions o) => o.Timeout, SettingTypes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30)), "Longest that one attempt to deliver may take.");
        settings.Bind("webhook_retries", (WebhookOptions o) => o.RetryDelays, DurationListText.Type, "How long after each failed attempt the next one comes, give or take a tenth. After the last a delivery is given up.");
        settings.Bind("webhook_give_up_after", (WebhookOptions o) => o.GiveUpAfter, SettingTypes.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)), "Longest that a delivery may wait, for its own attempts and for those before it of the same meeting.");
        settings.Bind("webhook_log_retention", (WebhookOptions o) => o.LogRetention, SettingTypes.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(366)), "How long deliveries can be looked up and sent again.");
        settings.Bind("webhook_max_parallel", (WebhookOptions o) => o.MaxInFlight, SettingTypes.Whole(1, 256), "Attempts to one webhook at the same time, of different meetings.");
        settings.Bind("webhook_private_networks", (WebhookOptions o) => o.PrivateNetworks, SettingTypes.Networks, "Networks that are not public and may be delivered into all the same, such as 127.0.0.0/8 or 10.0.0.0/8. Link-local addresses never may.");
        settings.Bind("webhook_signing_key", (WebhookOptions o) => o.SigningKey, SettingTypes.Whole(1, 10_000), "Which signing key is in use. The next number makes a new key; the one before stays published.");
        settings.Check(new WebhookOptionsValidator());
        settings.Bind("webhook_stream_keys", (RealtimeKitOptions o) => o.WebhooksTellStreamKeys, SettingTypes.Boolean, "Whether events of livestreams carry the stream key, as this API documents it.");
        settings.Bind("webhook_older_headers", (RealtimeKitOptions o) => o.WebhooksSendOlderHeaders, SettingTypes.Boolean, "Whether deliveries carry the headers of the older product besides: dyte-signature, dyte-uuid, dyte-webhook-id.");

        settings.Group("REST");
        settings.Bind("list_shape", (RealtimeKitOptions o) => o.ListShape, SettingTypes.Choice<LivestreamListShape>(), "How the list of livestreams is answered: an object, as the schema has it, or an array, as its example has it.");
        settings.Bind("rest_max_body", (RealtimeKitOptions o) => o.MaxBodyBytes, SettingTypes.SmallSize(1 << 10, 16 << 20), "Largest request body of the REST API.");
        settings.Bind("rest_rate_limits", (RealtimeKitOptions o) => o.RateLimits, RateLimitText.Type, "Limits on how often one account may call the REST API. Off by default.");
        settings.Check(new RealtimeKitOptionsValidator());

        settings.Group("RELAY");
        settings.Bind("relay_max_connections", (RelayOptions o) => o.MaxConnections, SettingTypes.Whole(1, 100_000), "Connections of RELAY controllers at once.");
        settings.Bind("relay_max_connections_per_app", (RelayOptions o) => o.MaxConnectionsPerApp, SettingTypes.Whole(1, 100_000), "Most RELAY connections of one app at once.");
        settings.Bind("relay_max_subscriptions", (RelayOptions o) => o.MaxSubscriptions, SettingTypes.Whole(10, 1_000_000), "Events that one controller may be subscribed to, over all rooms.");
        settings.Bind("relay_requests_per_second", (RelayOptions o) => o.RequestsPerSecond, SettingTypes.Whole(1, 10_000), "Requests per second that one connection may make for long; four times as many at once.");
        settings.Bind("relay_resume_for", (RelayOptions o) => o.ResumeFor, SettingTypes.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromDays(1)), "How long a controller that is away keeps its subscriptions, and what happens meanwhile.");
        settings.Bind("relay_replay_rooms", (RelayOptions o) => o.ReplaysRooms, SettingTypes.Boolean, "Whether a controller that begins to listen is told of rooms that run already as if they had just begun.");
        settings.Check(new RelayOptionsValidator());
    }

    private static SettingType<TimeSpan> Seconds(int least, int most) => SettingTypes.Duration(TimeSpan.FromSeconds(least), TimeSpan.FromSeconds(most));
}
