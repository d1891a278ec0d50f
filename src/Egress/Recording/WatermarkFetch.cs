using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;

namespace Roomcast.Egress.Recording;

/// <summary>Fetches the pictures that are laid over recordings.</summary>
internal sealed class WatermarkFetch(IRecordedSessions sessions, IOptions<RecordingOptions> options, ILogger<WatermarkFetch> logger) : IDisposable
{
    private readonly PictureFetch _fetch = new(options.Value.AllowsPrivateTargets);

    /// <summary>Fetches a picture and has it shown. One that cannot be had is logged: the recording goes on without it.</summary>
    public async Task ShowAsync(RecordingRecord recording, RecordingWatermark watermark, string folder, CancellationToken cancellationToken)
    {
        var picture = await _fetch.FetchAsync(watermark.Address, cancellationToken);
        if (picture.Bytes is not { } bytes)
        {
            RecordingLog.NoWatermark(logger, recording.Id, picture.Fault ?? "");
            return;
        }

        var file = Path.Combine(folder, $"watermark.{picture.Ending}");
        try
        {
            await File.WriteAllBytesAsync(file, bytes, cancellationToken);
        }
        catch (IOException)
        {
            RecordingLog.NoWatermark(logger, recording.Id, "it cannot be written to the disk.");
            return;
        }

        sessions.ShowWatermark(recording.SceneId, recording.Id, new SceneWatermark(file, watermark.Corner, watermark.Width, watermark.Height));
    }

    public void Dispose() => _fetch.Dispose();
}
