using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Composition;
using Roomcast.Storage.Blobs;

namespace Roomcast.Egress.Recording;

/// <summary>Fetches the pictures that are laid over recordings, from addresses that strangers name.</summary>
internal sealed class WatermarkFetch : IDisposable
{
    private const int MaxBytes = 5 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client;
    private readonly IRecordedSessions _sessions;
    private readonly ILogger _logger;

    public WatermarkFetch(IRecordedSessions sessions, IOptions<RecordingOptions> options, ILogger<WatermarkFetch> logger)
    {
        _sessions = sessions;
        _logger = logger;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = Patience, PooledConnectionLifetime = TimeSpan.FromMinutes(1) };
        if (!options.Value.AllowsPrivateTargets)
        {
            handler.ConnectCallback = OpenInternet.ConnectAsync;
        }

        _client = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = MaxBytes };
    }

    /// <summary>Fetches a picture and has it shown. One that cannot be had is logged: the recording goes on without it.</summary>
    public async Task ShowAsync(RecordingRecord recording, RecordingWatermark watermark, string folder, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _client.GetAsync(new Uri(watermark.Address), cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                RecordingLog.NoWatermark(_logger, recording.Id, $"its address answers {(int)response.StatusCode}.");
                return;
            }

            var picture = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (EndingOf(picture) is not { } ending)
            {
                RecordingLog.NoWatermark(_logger, recording.Id, "its address gives neither PNG nor JPEG.");
                return;
            }

            var file = Path.Combine(folder, $"watermark.{ending}");
            await File.WriteAllBytesAsync(file, picture, cancellationToken);
            _sessions.ShowWatermark(recording.SessionId, new SceneWatermark(file, watermark.Corner, watermark.Width, watermark.Height));
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException
            || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            RecordingLog.NoWatermark(_logger, recording.Id, "its address cannot be reached.");
        }
    }

    public void Dispose() => _client.Dispose();

    private static string? EndingOf(ReadOnlySpan<byte> picture) =>
        picture.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]) ? "png"
        : picture.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "jpg"
        : null;
}
