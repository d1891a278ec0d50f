namespace Roomcast.Egress.Recording;

/// <summary>What the files of a composite recording are called, and which of them are encoded anew.</summary>
internal static class RecordingFiles
{
    private const string EncodedFragments = "encoded.mp4";

    /// <summary>Where the file of picture and sound as it was composed goes.</summary>
    public static string ComposedPath(string media) => Path.ChangeExtension(media, ".mp4");

    /// <summary>Where the file of the sound alone goes.</summary>
    public static string AudioPath(string media, RecordingPlan plan) => Path.ChangeExtension(media, plan.AudioCodec is RecordingAudioCodec.Mp3 ? ".mp3" : ".m4a");

    /// <summary>What of a plan is encoded anew.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="fragments">The fragments.</param>
    /// <param name="media">The file of picture and sound.</param>
    public static ConversionWish ConversionOf(RecordingPlan plan, string fragments, string media)
    {
        var isWebM = plan.VideoCodec is not RecordingVideoCodec.H264;
        var isMp3 = plan.AudioCodec is RecordingAudioCodec.Mp3;
        var needsAac = (plan.ExportsVideo && !isWebM) || (plan.ExportsAudio && !isMp3);
        return new ConversionWish(fragments, plan)
        {
            WebMPath = plan.KeepsFiles && plan.ExportsVideo && isWebM ? media : null,
            FragmentsPath = plan.KeepsFiles && plan.IsMono && needsAac ? Path.Combine(Path.GetDirectoryName(media) ?? "", EncodedFragments) : null,
            Mp3Path = plan.KeepsFiles && plan.ExportsAudio && isMp3 ? AudioPath(media, plan) : null,
        };
    }

    /// <summary>Deletes a file; one that cannot be deleted stays.</summary>
    public static void DeleteQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It takes room until the folder is deleted, and harms nothing.
        }
    }
}
