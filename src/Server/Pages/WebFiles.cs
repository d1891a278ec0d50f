using System.Collections.Frozen;
using System.Reflection;
using System.Text;

namespace Roomcast.Server.Pages;

/// <summary>The built web pages, as they were embedded in the program.</summary>
internal sealed class WebFiles
{
    private const string Prefix = "web/";
    private const string AssetPrefix = Prefix + "assets/";

    private readonly FrozenDictionary<string, WebFile> _assets;

    public WebFiles(IReadOnlyDictionary<string, byte[]> embedded)
    {
        ArgumentNullException.ThrowIfNull(embedded);
        _assets = embedded.Keys
            .Where(name => name.StartsWith(AssetPrefix, StringComparison.Ordinal) && !IsTwin(name))
            .ToFrozenDictionary(
                name => name[AssetPrefix.Length..],
                name => new WebFile(name, embedded[name], embedded.GetValueOrDefault(name + ".gz"), embedded.GetValueOrDefault(name + ".br")),
                StringComparer.Ordinal);
        string? Page(string name) => embedded.TryGetValue(Prefix + name, out var html) ? Encoding.UTF8.GetString(html) : null;
        (WatchPage, MeetPage, StudioPage, DocsPage) = (Page("watch.html"), Page("meet.html"), Page("studio.html"), Page("docs.html"));
    }

    /// <summary>The watch page with its places to fill in; null when the pages were not built.</summary>
    public string? WatchPage { get; }

    /// <summary>The meeting page with its places to fill in; null when the pages were not built.</summary>
    public string? MeetPage { get; }

    /// <summary>The studio with its places to fill in; null when the pages were not built.</summary>
    public string? StudioPage { get; }

    /// <summary>The reference of the REST API with its places to fill in; null when the pages were not built.</summary>
    public string? DocsPage { get; }

    /// <summary>The files embedded in this program.</summary>
    public static WebFiles OfThisProgram()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var embedded = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            embedded.Add(name, bytes);
        }

        return new WebFiles(embedded);
    }

    /// <summary>The asset of a name, or null.</summary>
    public WebFile? FindAsset(string name) => _assets.GetValueOrDefault(name);

    private static bool IsTwin(string name) =>
        name.EndsWith(".gz", StringComparison.Ordinal) || name.EndsWith(".br", StringComparison.Ordinal);
}
