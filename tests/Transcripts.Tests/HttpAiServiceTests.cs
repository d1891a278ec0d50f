using System.Text;
using Roomcast.TestKit.Speech;
using Roomcast.Transcripts.Services;
using Roomcast.Transcripts.Speech;

namespace Roomcast.Transcripts.Tests;

/// <summary>What services answer is theirs to choose: nothing of it may surprise us.</summary>
public sealed class HttpAiServiceTests : IAsyncLifetime
{
    private static readonly SpeechPiece Piece = new("anna", default, default, new byte[100]);
    private static readonly SummaryWish Wish = new("general", IsMarkdown: true, 200);

    private HearingEndpoint _endpoint = null!;

    public async Task InitializeAsync() => _endpoint = await HearingEndpoint.StartAsync();

    public async Task DisposeAsync() => await _endpoint.DisposeAsync();

    /// <remarks>Each character is one byte, so that there are some that are not UTF-8.</remarks>
    [Theory]
    [InlineData("""{"text":"x\ud800y"}""")]
    [InlineData("{\"text\":\"x\u00ff\u00fey\"}")]
    [InlineData("""{"text":"one","text":"two"}""")]
    [InlineData("""{"other":1,"other":2,"text":"one"}""")]
    [InlineData("""{"\ud800":"x","text":"one","\ud800":"y"}""")]
    [InlineData("""{"text":7}""")]
    [InlineData("""{"text":["x"]}""")]
    [InlineData("""["text"]""")]
    [InlineData("null")]
    [InlineData("")]
    public async Task An_answer_that_is_no_text_is_a_fault_of_the_service(string answer)
    {
        _endpoint.Answers.Enqueue(Encoding.Latin1.GetBytes(answer));
        var fault = await Assert.ThrowsAsync<AiServiceException>(() => TranscribeAsync(At()));
        Assert.False(fault.IsPassing);
        Assert.DoesNotContain("a-key", fault.ToString(), StringComparison.Ordinal);
        Assert.Single(_endpoint.Targets);
    }

    [Theory]
    [InlineData("""{"choices":["x"]}""")]
    [InlineData("""{"choices":[7]}""")]
    [InlineData("""{"choices":[["x"]]}""")]
    [InlineData("""{"choices":[{"message":"x"}]}""")]
    [InlineData("""{"choices":[{"message":{"content":"x\ud800"}}]}""")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"\u00ff\"}}]}")]
    [InlineData("""{"choices":[{"message":{"content":"x","content":"y"}}]}""")]
    [InlineData("""{"choices":[{"message":{"content":null}}]}""")]
    [InlineData("""{"choices":[]}""")]
    [InlineData("""{"choices":{}}""")]
    public async Task An_answer_that_is_no_summary_is_a_fault_of_the_service(string answer)
    {
        _endpoint.Answers.Enqueue(Encoding.Latin1.GetBytes(answer));
        var fault = await Assert.ThrowsAsync<AiServiceException>(() => SummariseAsync(At()));
        Assert.False(fault.IsPassing);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \\n ")]
    [InlineData("\\u0000")]
    public async Task An_empty_summary_is_none(string content)
    {
        _endpoint.Answers.Enqueue(Encoding.UTF8.GetBytes($$$"""{"choices":[{"message":{"content":"{{{content}}}"}}]}"""));
        var fault = await Assert.ThrowsAsync<AiServiceException>(() => SummariseAsync(At()));
        Assert.Equal("The service answered with an empty summary.", fault.Message);
    }

    [Fact]
    public async Task Nothing_said_is_an_empty_text()
    {
        _endpoint.Answers.Enqueue("""{"text":" "}"""u8.ToArray());
        Assert.Equal("", await TranscribeAsync(At()));
    }

    [Fact]
    public async Task A_text_that_is_too_long_is_cut_between_characters()
    {
        _endpoint.Answers.Enqueue(Encoding.UTF8.GetBytes($$"""{"text":"a{{string.Concat(Enumerable.Repeat("😀", 9_000))}}"}"""));
        var text = await TranscribeAsync(At());
        Assert.InRange(text.Length, 15_999, 16_000);
        Assert.Equal(text, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData("/v1", "/v1/audio/transcriptions")]
    [InlineData("/v1/", "/v1/audio/transcriptions")]
    [InlineData("", "/audio/transcriptions")]
    [InlineData("/v1?api-version=2024-06-01", "/v1/audio/transcriptions?api-version=2024-06-01")]
    [InlineData("/v1/?a=b%2Fc&d", "/v1/audio/transcriptions?a=b%2Fc&d")]
    [InlineData("/my%20models/v1?a=1", "/my%20models/v1/audio/transcriptions?a=1")]
    public async Task The_path_of_a_call_stands_before_the_query_of_the_address(string address, string asked)
    {
        _endpoint.Answers.Enqueue("""{"text":"Hello"}"""u8.ToArray());
        Assert.Equal("Hello", await TranscribeAsync(At(address)));
        Assert.Equal(asked, Assert.Single(_endpoint.Targets));
    }

    [Theory]
    [InlineData("https://api.example.org/v1", true)]
    [InlineData("https://api.example.org/v1?api-version=1", true)]
    [InlineData("http://10.0.0.7:8000/v1", true)]
    [InlineData("https://anna:secret@api.example.org/v1", false)]
    [InlineData("https://anna@api.example.org/v1", false)]
    [InlineData("https://api.example.org/v1#models", false)]
    [InlineData("https://api.example.org/v1#", false)]
    [InlineData("ftp://api.example.org/v1", false)]
    [InlineData("/v1", false)]
    public void The_operators_addresses_are_judged_as_those_of_apps_are_but_for_where_they_lead(string address, bool isGood)
    {
        var validator = new TranscriptOptionsValidator();
        foreach (var options in new[] { new TranscriptOptions { TranscriptionUrl = address }, new TranscriptOptions { SummaryUrl = address } })
        {
            var result = validator.Validate(null, options);
            Assert.Equal(isGood, result.Succeeded);
            Assert.DoesNotContain("secret", result.FailureMessage ?? "", StringComparison.Ordinal);
        }
    }

    private AiService At(string path = "/v1") => new(new Uri(_endpoint.Address.GetLeftPart(UriPartial.Authority) + path), "a-model", "a-key", IsOperators: true);

    private static HttpAiService Service() => new(new TranscriptOptions { RetryDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);

    private static async Task<string> TranscribeAsync(AiService at)
    {
        using var service = Service();
        return await service.TranscribeAsync(at, Piece, new SpeechHints(null, []), CancellationToken.None);
    }

    private static async Task<string> SummariseAsync(AiService at)
    {
        using var service = Service();
        return await service.SummariseAsync(at, "Anna: one\n", Wish, CancellationToken.None);
    }
}
