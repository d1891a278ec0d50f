using System.Text;
using Roomcast.Hls.Playlists;

namespace Roomcast.Hls.Tests;

internal static class PlaylistTextExtensions
{
    public static string ToText(this PlaylistText text) => Encoding.UTF8.GetString(text.Bytes);
}
