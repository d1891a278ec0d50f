using Roomcast.Transcripts.Speech;

namespace Roomcast.Transcripts.Tests;

public sealed class FoulWordsTests
{
    [Theory]
    [InlineData("en-US", "What the fuck, this is SHITTY.", "What the f***, this is S*****.")]
    [InlineData("en", "Fucking hell: Scunthorpe's shiitake are assets.", "F****** hell: Scunthorpe's shiitake are assets.")]
    [InlineData("de", "So eine Scheiße, Arschlöcher!", "So eine S******, A**********!")]
    [InlineData("sv", "Skit, det är slut.", "S***, det är slut.")]
    [InlineData("ru", "Сука, где сукно?", "С***, где сукно?")]
    [InlineData("hi", "यह हरामी है", "यह ह** है")]
    [InlineData("fr", "Un enculé de plus.", "Un e***** de plus.")]
    [InlineData("ja", "fuck", "fuck")]
    [InlineData("en", "", "")]
    public void Foul_words_of_the_language_are_covered_and_what_only_looks_like_them_is_not(string language, string said, string told) =>
        Assert.Equal(told, FoulWords.Cover(said, language));

    /// <summary>Those that the published contract names for transcripts.</summary>
    [Fact]
    public void Every_language_of_the_contract_has_a_list() =>
        Assert.Equal(["de", "el", "en", "fr", "hi", "nl", "pl", "ru", "sv"], FoulWords.Languages.Order(StringComparer.Ordinal));
}
