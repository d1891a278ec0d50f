using System.Buffers.Binary;
using Roomcast.Media.Buffers;
using Roomcast.Rtmp.Amf;
using Roomcast.Rtmp.Commands;
using Roomcast.Rtmp.Connection;
using Roomcast.Rtmp.Messages;

namespace Roomcast.Rtmp.Tests.Connection;

[Collection(nameof(MediaBuffer))]
public sealed class RtmpServerConnectionTests
{
    [Fact]
    public void Connect_is_answered_with_windows_chunk_size_and_success()
    {
        using var harness = new ServerHarness();
        harness.Connect(new AmfObject().Add("app", "live").Add("tcUrl", "rtmp://h/live").Add("flashVer", "FMLE/3.0").Add("objectEncoding", 3));

        var messages = harness.Messages();
        Assert.Equal(
            [RtmpMessageType.WindowAcknowledgementSize, RtmpMessageType.SetPeerBandwidth, RtmpMessageType.SetChunkSize, RtmpMessageType.CommandAmf0],
            messages.Select(message => message.Type));
        var result = RtmpCommand.TryRead(RtmpMessageType.CommandAmf0, messages[3].Body)!;
        Assert.Equal("_result", result.Name);
        Assert.Equal(1, result.TransactionId);
        var info = Assert.IsType<AmfObject>(result.Argument(0));
        Assert.Equal(RtmpStatusCodes.ConnectSuccess, info["code"]!.AsString());
        Assert.Equal(3, info["objectEncoding"]!.AsNumber());
        Assert.Null(result.Object!["fourCcList"]); // Nothing of Enhanced RTMP to a client that does not ask.

        var connected = Assert.Single(harness.Events);
        Assert.Equal(RtmpServerEventKind.Connected, connected.Kind);
        Assert.Equal("live", connected.Connect!.App);
        Assert.Equal("FMLE/3.0", connected.Connect.Encoder);
        Assert.False(connected.Connect.IsEnhanced);
    }

    [Fact]
    public void A_client_of_Enhanced_RTMP_learns_what_is_taken()
    {
        using var harness = new ServerHarness();
        var list = new AmfArray();
        list.Add("hvc1");
        harness.Connect(new AmfObject().Add("app", "live").Add("fourCcList", list).Add("capsEx", 1));

        var result = Assert.Single(harness.Answers()).Command;
        var codecs = Assert.IsType<AmfArray>(result.Object!["fourCcList"]).Items.Select(item => item.AsString());
        Assert.Equal(["avc1", "hvc1", "av01", "vp09", "mp4a", "Opus"], codecs);
        Assert.Equal(4, Assert.IsType<AmfObject>(result.Object["videoFourCcInfoMap"])["av01"]!.AsNumber());
        Assert.Equal(4, Assert.IsType<AmfObject>(result.Object["audioFourCcInfoMap"])["Opus"]!.AsNumber());
        Assert.Equal(15, result.Object["capsEx"]!.AsNumber());
        Assert.True(harness.Events[0].Connect!.IsEnhanced);
        Assert.Equal(RtmpCapabilities.Reconnect, harness.Events[0].Connect!.Capabilities);
    }

    [Fact]
    public void What_encoders_ask_on_the_way_is_answered_with_their_own_numbers()
    {
        using var harness = new ServerHarness();
        harness.Connect();
        harness.Answers();

        harness.Command("releaseStream", 2, AmfValue.Null, "key");
        harness.Command("FCPublish", 3, AmfValue.Null, "key");
        harness.Command("createStream", 4, AmfValue.Null);
        harness.Command("_checkbw", 5, AmfValue.Null);
        harness.Command("getStreamLength", 6, AmfValue.Null, "key");
        harness.Command("someExtension", 7, AmfValue.Null);
        harness.Command("someNotice", 0, AmfValue.Null);

        var answers = harness.Answers().Select(answer => answer.Command).ToArray();
        Assert.Equal(
            [("_result", 2.0), ("onFCPublish", 0.0), ("_result", 3.0), ("_result", 4.0), ("_result", 5.0), ("_result", 6.0), ("_error", 7.0)],
            answers.Select(answer => (answer.Name, answer.TransactionId)));
        Assert.Equal(1, answers[3].Argument(0)!.AsNumber());
        Assert.Equal(0, answers[5].Argument(0)!.AsNumber());
        Assert.Equal(RtmpStatusCodes.CallFailed, RtmpStatus.From(answers[6].Argument(0))!.Code);
    }

    [Fact]
    public void A_publish_waits_for_its_owner_and_then_begins_on_its_own_stream()
    {
        using var harness = new ServerHarness { OnPublish = null };
        harness.Connect();
        harness.Command("createStream", 2, AmfValue.Null);
        harness.Answers();
        harness.Command(1, "publish", 3, AmfValue.Null, "key?x=y", "live");

        var request = harness.Events[^1];
        Assert.Equal(RtmpServerEventKind.PublishRequested, request.Kind);
        Assert.Equal(("live", "key?x=y", "Test 1"), (request.Publish!.App, request.Publish.StreamName, request.Publish.Encoder));
        Assert.Empty(harness.Answers());

        harness.Server.AcceptPublish();

        var messages = harness.Messages();
        Assert.Equal(RtmpMessageType.UserControl, messages[0].Type);
        Assert.Equal(Convert.FromHexString("000000000001"), messages[0].Body); // Stream begin, 1.
        Assert.Equal(1u, messages[1].StreamId);
        var status = RtmpCommand.TryRead(RtmpMessageType.CommandAmf0, messages[1].Body)!;
        Assert.Equal(("onStatus", 0.0), (status.Name, status.TransactionId));
        Assert.Equal(RtmpStatusCodes.PublishStart, RtmpStatus.From(status.Argument(0))!.Code);
        Assert.Throws<InvalidOperationException>(harness.Server.AcceptPublish);
    }

    [Fact]
    public void A_refused_publish_is_told_why()
    {
        using var harness = new ServerHarness { OnPublish = server => server.RefusePublish(RtmpStatus.Error(RtmpStatusCodes.PublishDenied, "No.")) };
        harness.Connect();
        harness.Command("createStream", 2, AmfValue.Null);
        harness.Answers();
        harness.Command(1, "publish", 3, AmfValue.Null, "key", "live");

        var (streamId, answer) = Assert.Single(harness.Answers());
        Assert.Equal(1u, streamId);
        Assert.Equal(new RtmpStatus("error", RtmpStatusCodes.PublishDenied, "No."), RtmpStatus.From(answer.Argument(0)));

        harness.Send(RtmpMessageType.Video, 1, 0, [1, 2, 3], chunkStream: 6);
        Assert.DoesNotContain(harness.Events, happened => happened.Kind is RtmpServerEventKind.Media);
    }

    [Fact]
    public void Media_of_a_publisher_is_handed_on_and_other_media_thrown_away()
    {
        var outstanding = MediaBuffer.Outstanding;
        using (var harness = new ServerHarness())
        {
            harness.Connect();
            harness.Send(RtmpMessageType.Audio, 1, 0, [9], chunkStream: 4);
            Assert.Single(harness.Events);

            harness.Command("createStream", 2, AmfValue.Null);
            harness.Command(1, "publish", 3, AmfValue.Null, "key", "live");
            harness.Events.Clear();
            harness.Send(RtmpMessageType.Audio, 1, 40, [1, 2], chunkStream: 4);
            harness.Send(RtmpMessageType.Video, 1, 50, [3], chunkStream: 6);

            Assert.Equal(
                [(RtmpMediaKind.Audio, 40u, "0102"), (RtmpMediaKind.Video, 50u, "03")],
                harness.Events.Select(happened => (happened.Media.Kind, happened.Media.TimestampMs, Convert.ToHexString(happened.Media.Body))));
        }

        Assert.Equal(outstanding, MediaBuffer.Outstanding);
    }

    [Fact]
    public void Aggregates_are_taken_apart()
    {
        var outstanding = MediaBuffer.Outstanding;
        using (var harness = new ServerHarness())
        {
            harness.Publish();
            var body = Convert.FromHexString(
                "08 000002 0003E8 00 000000 AF01 0000000D".Replace(" ", "", StringComparison.Ordinal) // sound at 1,000
                + "12 000001 0003E8 00 000000 02 0000000C".Replace(" ", "", StringComparison.Ordinal) // script: passed over
                + "09 000001 0003FA 00 000000 27 0000000C".Replace(" ", "", StringComparison.Ordinal) // picture at 1,018
                + "09 00FFFF 0003FA 00 000000 27".Replace(" ", "", StringComparison.Ordinal)); // cut off
            harness.Send(RtmpMessageType.Aggregate, 1, 5_000, body, chunkStream: 6);

            Assert.Equal(
                [(RtmpMediaKind.Audio, 5_000u, "AF01"), (RtmpMediaKind.Video, 5_018u, "27")],
                harness.Events.Select(happened => (happened.Media.Kind, happened.Media.TimestampMs, Convert.ToHexString(happened.Media.Body))));
        }

        Assert.Equal(outstanding, MediaBuffer.Outstanding);
    }

    [Theory]
    [InlineData(18, "")]
    [InlineData(15, "00")]
    public void Metadata_is_handed_on(int messageType, string selector)
    {
        var type = (RtmpMessageType)messageType;
        using var harness = new ServerHarness();
        harness.Publish();
        var metadata = new AmfObject { IsEcmaArray = true }.Add("width", 640);
        harness.Send(type, 1, 0, [.. Convert.FromHexString(selector), .. ServerHarness.Encode("@setDataFrame", "onMetaData", metadata)]);
        harness.Send(type, 1, 0, [.. Convert.FromHexString(selector), .. ServerHarness.Encode("onMetaData", metadata)]);
        harness.Send(type, 1, 0, [.. Convert.FromHexString(selector), .. ServerHarness.Encode("onTextData", metadata)]);
        harness.Send(type, 1, 0, [0xFF]);

        Assert.Equal(2, harness.Events.Count);
        Assert.All(harness.Events, happened => Assert.Equal(640, happened.Metadata!["width"]!.AsNumber()));
    }

    [Theory]
    [InlineData("00")]
    [InlineData("")]
    public void Commands_come_in_AMF3_messages_too(string selector)
    {
        using var harness = new ServerHarness();

        // The command object is an AMF3 value: { app: "live" }, dynamic and without a class.
        var body = Convert.FromHexString(selector + "020007" + Convert.ToHexString("connect"u8) + "003FF0000000000000" + "11" + "0A0B01" + "07" + Convert.ToHexString("app"u8) + "06" + "09" + Convert.ToHexString("live"u8) + "01");
        harness.Send(RtmpMessageType.CommandAmf3, 0, 0, body);

        Assert.Equal("live", Assert.Single(harness.Events).Connect!.App);
        Assert.Equal("_result", Assert.Single(harness.Answers()).Command.Name);
    }

    [Fact]
    public void A_connect_with_unknown_types_in_it_stands()
    {
        using var harness = new ServerHarness();
        byte[] unknown = [.. ServerHarness.Encode("connect", 1), .. Convert.FromHexString("03" + "0003617070" + "0200046C697665" + "000178" + "12" + "000009")];
        harness.Send(RtmpMessageType.CommandAmf0, 0, 0, unknown);
        Assert.Equal("live", Assert.Single(harness.Events).Connect!.App);
    }

    [Fact]
    public void The_end_of_a_publisher_comes_in_any_form_and_another_may_follow()
    {
        using var harness = new ServerHarness();
        harness.Publish();

        harness.Command("FCUnpublish", 6, AmfValue.Null, "key");
        harness.Command("deleteStream", 7, AmfValue.Null, 1);
        harness.Command(1, "closeStream", 0, AmfValue.Null);

        Assert.Equal([RtmpServerEventKind.PublishEnded], harness.Events.Select(happened => happened.Kind));
        var answers = harness.Answers();
        Assert.Equal(
            [("onFCUnpublish", 0.0), ("_result", 6.0), ("onStatus", 0.0), ("_result", 7.0)],
            answers.Select(answer => (answer.Command.Name, answer.Command.TransactionId)));
        Assert.Equal(RtmpStatusCodes.UnpublishSuccess, RtmpStatus.From(answers[2].Command.Argument(0))!.Code);
        Assert.False(harness.Server.IsPublishing);

        harness.Command("createStream", 8, AmfValue.Null);
        harness.Command(2, "publish", 9, AmfValue.Null, "key", "live");
        Assert.True(harness.Server.IsPublishing);
    }

    [Fact]
    public void A_second_publish_on_one_connection_is_denied()
    {
        using var harness = new ServerHarness();
        harness.Publish();
        harness.Command(1, "publish", 9, AmfValue.Null, "other", "live");

        Assert.Empty(harness.Events);
        Assert.Equal(RtmpStatusCodes.PublishDenied, RtmpStatus.From(Assert.Single(harness.Answers()).Command.Argument(0))!.Code);
        Assert.True(harness.Server.IsPublishing);
    }

    [Fact]
    public void Playing_is_refused_in_clear_words()
    {
        using var harness = new ServerHarness();
        harness.Connect();
        harness.Command("createStream", 2, AmfValue.Null);
        harness.Answers();
        harness.Command(1, "play", 0, AmfValue.Null, "key");

        var status = RtmpStatus.From(Assert.Single(harness.Answers()).Command.Argument(0))!;
        Assert.Equal(("error", RtmpStatusCodes.PlayFailed), (status.Level, status.Code));
        Assert.Contains("HLS", status.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Pings_are_answered_and_bytes_acknowledged()
    {
        using var harness = new ServerHarness();
        harness.Publish();
        harness.Send(RtmpMessageType.UserControl, 0, 0, Convert.FromHexString("0006CAFEBABE"), chunkStream: 2);
        Assert.Equal(Convert.FromHexString("0007CAFEBABE"), Assert.Single(harness.Messages()).Body);

        harness.Send(RtmpMessageType.WindowAcknowledgementSize, 0, 0, Convert.FromHexString("000186A0"), chunkStream: 2); // 100,000
        for (var i = 0; i < 10; i++)
        {
            harness.Send(RtmpMessageType.Video, 1, (uint)i, new byte[10_000], chunkStream: 6);
        }

        // Twice as often as asked for, each time with the sum of all bytes.
        var acknowledged = harness.Messages().Select(message => BinaryPrimitives.ReadUInt32BigEndian(message.Body)).ToArray();
        Assert.Equal(2, acknowledged.Length);
        Assert.InRange(acknowledged[0], 50_000u, 65_000u);
        Assert.InRange(acknowledged[1], 100_000u, 115_000u);
        Assert.True(acknowledged[1] <= harness.Server.BytesReceived);
    }

    [Fact]
    public void Chunk_size_and_abort_are_followed()
    {
        using var harness = new ServerHarness();
        harness.Publish();
        harness.Send(RtmpMessageType.SetChunkSize, 0, 0, Convert.FromHexString("00010000"), chunkStream: 2);
        harness.Feed(Convert.FromHexString("06000000" + "000200" + "09" + "01000000" + new string('A', 1_024)));
        Assert.Equal(512, Assert.Single(harness.Events).Media.Length);

        harness.Send(RtmpMessageType.SetChunkSize, 0, 0, Convert.FromHexString("00000080"), chunkStream: 2);
        harness.Feed(Convert.FromHexString("06000000" + "000200" + "09" + "01000000" + new string('B', 256))); // The first 128 bytes of 512,
        harness.Send(RtmpMessageType.Abort, 0, 0, Convert.FromHexString("00000006"), chunkStream: 2); // which will never be whole.
        harness.Feed(Convert.FromHexString("46000001" + "000001" + "09" + "CC"));
        Assert.Equal([0xCC], harness.Events[^1].Media.Body.ToArray());
        Assert.Equal(2, harness.Events.Count);
    }

    [Theory]
    [InlineData("02 000000 000004 01 00000000 00000000", RtmpFault.BadControlMessage)] // A chunk size of zero.
    [InlineData("02 000000 000004 01 00000000 80000000", RtmpFault.BadControlMessage)] // Its highest bit must be clear.
    [InlineData("02 000000 000002 01 00000000 0000", RtmpFault.BadControlMessage)]
    [InlineData("02 000000 000004 05 00000000 00000000", RtmpFault.BadControlMessage)] // A window of zero.
    [InlineData("02 000000 000001 02 00000000 00", RtmpFault.BadControlMessage)]
    [InlineData("03 000000 000003 14 00000000 020000", RtmpFault.BadCommand)] // An unnamed command first.
    [InlineData("03 000000 000001 14 00000000 FF", RtmpFault.BadCommand)]
    [InlineData("03 000000 010001 14 00000000", RtmpFault.MessageTooLarge)] // 65,537 bytes of command.
    [InlineData("C3 00", RtmpFault.ChunkWithoutBeginning)]
    public void What_breaks_the_protocol_ends_the_connection_once(string hex, RtmpFault fault)
    {
        using var harness = new ServerHarness();
        harness.Feed(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        harness.Feed(new byte[10]);

        var ended = Assert.Single(harness.Events);
        Assert.Equal((RtmpServerEventKind.Ended, fault), (ended.Kind, ended.Fault));
    }

    [Fact]
    public void Commands_before_connect_and_a_second_connect_end_the_connection()
    {
        using var early = new ServerHarness();
        early.Command("createStream", 1, AmfValue.Null);
        Assert.Equal(RtmpFault.BadCommand, Assert.Single(early.Events).Fault);

        using var twice = new ServerHarness();
        twice.Connect();
        twice.Connect();
        Assert.Equal(RtmpFault.BadCommand, twice.Events[^1].Fault);
    }

    [Fact]
    public void A_frame_may_be_large_only_once_a_publisher_was_accepted()
    {
        var limits = new RtmpLimits { MaxMessageBytes = 200_000 };
        using var before = new ServerHarness(limits);
        before.Connect();
        before.Send(RtmpMessageType.Video, 1, 0, new byte[100_000], chunkStream: 6);
        Assert.Equal(RtmpFault.MessageTooLarge, before.Events[^1].Fault);

        using var after = new ServerHarness(limits);
        after.Publish();
        after.Send(RtmpMessageType.Video, 1, 0, new byte[100_000], chunkStream: 6);
        Assert.Equal(100_000, Assert.Single(after.Events).Media.Length);
        after.Send(RtmpMessageType.Video, 1, 0, new byte[200_001], chunkStream: 6);
        Assert.Equal(RtmpFault.MessageTooLarge, after.Events[^1].Fault);
    }

    [Fact]
    public void Little_is_held_for_a_stranger_and_frames_on_their_way_may_be_finished_after_the_end()
    {
        var begun = string.Concat(Enumerable.Range(10, 3).Select(chunkStream => $"{chunkStream:X2}000000" + "00F000" + "14" + "00000000" + new string('0', 256)));
        using var stranger = new ServerHarness();
        stranger.Feed(Convert.FromHexString(begun)); // Three commands of 60 KiB at once.
        Assert.Equal(RtmpFault.TooMuchBuffered, Assert.Single(stranger.Events).Fault);

        using var harness = new ServerHarness();
        harness.Publish();
        harness.Feed(Convert.FromHexString("0A000000" + "030D40" + "09" + "01000000" + new string('0', 256))); // 128 bytes of 200,000.
        harness.Command("FCUnpublish", 6, AmfValue.Null, "key");
        harness.Command("releaseStream", 7, AmfValue.Null, "key");
        Assert.Equal(RtmpServerEventKind.PublishEnded, Assert.Single(harness.Events).Kind);
        harness.Feed(Convert.FromHexString(begun.Replace("0A000000", "0D000000", StringComparison.Ordinal)));
        Assert.Equal(RtmpFault.TooMuchBuffered, harness.Events[^1].Fault);
    }

    [Fact]
    public void Another_stream_may_be_deleted_while_one_publishes()
    {
        using var harness = new ServerHarness();
        harness.Publish();
        harness.Command("createStream", 6, AmfValue.Null);
        harness.Command("deleteStream", 7, AmfValue.Null, 2);
        Assert.True(harness.Server.IsPublishing);
        harness.Command("deleteStream", 8, AmfValue.Null, 1);
        Assert.False(harness.Server.IsPublishing);

        using var unnamed = new ServerHarness();
        unnamed.Publish();
        unnamed.Command("deleteStream", 7, AmfValue.Null);
        Assert.False(unnamed.Server.IsPublishing);
    }

    [Fact]
    public void Message_streams_are_limited_but_can_be_given_back()
    {
        using var harness = new ServerHarness(new RtmpLimits { MaxMessageStreams = 2 });
        harness.Connect();
        for (var i = 0; i < 5; i++)
        {
            harness.Command("createStream", 2, AmfValue.Null);
            harness.Command("deleteStream", 0, AmfValue.Null, i + 1);
        }

        Assert.Single(harness.Events);
        harness.Command("createStream", 2, AmfValue.Null);
        harness.Command("createStream", 2, AmfValue.Null);
        harness.Command("createStream", 2, AmfValue.Null);
        Assert.Equal(RtmpFault.TooManyMessageStreams, harness.Events[^1].Fault);
    }

    [Fact]
    public void Nothing_that_is_told_or_printed_holds_the_stream_key()
    {
        using var harness = new ServerHarness { OnPublish = null };
        harness.Connect(new AmfObject().Add("app", "live/SECRET").Add("tcUrl", "rtmp://u:SECRET@h/live"));
        harness.Command(1, "publish", 3, AmfValue.Null, "SECRET", "live");

        Assert.DoesNotContain("SECRET", harness.Events[0].ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", harness.Events[1].ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", System.Text.Encoding.UTF8.GetString(harness.Server.Output.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Ending_and_telling_say_so_where_it_belongs()
    {
        using var harness = new ServerHarness();
        harness.Publish();
        harness.Server.Tell(RtmpStatus.Of(RtmpStatusCodes.ConnectReconnectRequest, "Come again."));
        harness.Server.End(RtmpStatus.Error(RtmpStatusCodes.PublishDenied, "Over."));

        var answers = harness.Answers();
        Assert.Equal([0u, 1u], answers.Select(answer => answer.StreamId));
        Assert.Equal("Over.", RtmpStatus.From(answers[1].Command.Argument(0))!.Description);
        Assert.False(harness.Server.IsPublishing);
    }
}
