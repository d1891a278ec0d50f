using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Roomcast.Egress.Recording.Interactive;
using Roomcast.Egress.Recording.Tracks;
using Roomcast.Media.Containers.Mp4;
using Roomcast.Storage;
using Roomcast.Storage.Blobs;

namespace Roomcast.Egress.Recording;

/// <summary>Makes the files of a recording that stopped, and stores them where they belong.</summary>
/// <remarks>
/// Everything can be done again from what is on the disk, which is deleted last: a server that is killed in the middle begins anew
/// at its next start.
/// </remarks>
internal sealed class RecordingDelivery(
    RecordingFolder folder,
    IBlobStore blobs,
    RecordingConverter converter,
    IOptions<RecordingOptions> options,
    RecordingMetrics metrics,
    TimeProvider clock,
    ILogger<RecordingDelivery> logger)
{
    private const string NotAsAsked = "The recording could not be encoded as it was asked for, and is kept as it was composed.";
    private const string NoRoomForFiles = "The disk of the server has no room for the files that were asked for. The recording is kept as it was composed.";
    private const string NoRoomForSound = "The disk of the server has no room for the file of the sound alone.";
    private const string NoRoomForArchive = "The disk of the server has no room for an archive of all tracks. Each can be had by itself.";

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Delivers a recording.</summary>
    /// <param name="recording">As it stopped; one that ended with a fault stays so, and what there is of it is delivered as it is.</param>
    /// <param name="cancellationToken">The server stops: it is gone on with at the next start.</param>
    /// <returns>What has become of it. Its folder is still there.</returns>
    public async Task<Delivered> DeliverAsync(RecordingRecord recording, CancellationToken cancellationToken)
    {
        if (!recording.Plan.KeepsFiles)
        {
            return new Delivered(Finished(recording, error: null), IsStored: true);
        }

        RecordedFiles files;
        try
        {
            var conversion = await ConvertAsync(recording, cancellationToken);
            files = await Task.Run(() => MakeFiles(recording, conversion, cancellationToken), cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            var failure = RecordingFile.Translate(fault);
            RecordingLog.Failed(logger, fault, recording.Id, failure.Message);

            // Where there was no room, there may be some at the next start.
            return new Delivered(Finished(recording, failure.Message, isOver: !RecordingFile.IsNoRoom(fault)), IsStored: false);
        }
        catch (RecordingFault fault)
        {
            return new Delivered(Finished(recording, fault.Message), IsStored: false);
        }

        var told = recording with
        {
            FileSize = (files.Media ?? files.Audio) is { } first ? new FileInfo(first).Length : files.Tracks.Sum(track => track.Length),
            Duration = files.Duration > TimeSpan.Zero ? files.Duration : recording.Duration,
            TrackFiles = files.Tracks,
            OutputFileName = files.IsWhole || files.Media is null ? recording.OutputFileName : Path.GetFileName(files.Media),
        };
        if (files.Fault is { } lesser && told.Status is not RecordingStatus.Errored)
        {
            told = told with { Status = RecordingStatus.Errored, ErrorMessage = lesser };
        }
        else if (recording.Kind is RecordingKind.Tracks && files.Media is null)
        {
            told = told with { ErrorMessage = told.ErrorMessage ?? NoRoomForArchive };
        }

        return await StoreAsync(told, files, cancellationToken);
    }

    /// <summary>Encodes anew what was not asked for as it was composed.</summary>
    private async Task<ConversionOutcome> ConvertAsync(RecordingRecord recording, CancellationToken cancellationToken)
    {
        var fragments = folder.FragmentsOf(recording.Id);
        var wish = RecordingFiles.ConversionOf(
            recording.Plan, fragments, Path.Combine(folder.Of(recording.Id), recording.OutputFileName));

        // Of one that ended with a fault there is what there is.
        if (recording.Kind is RecordingKind.Tracks || recording.Status is RecordingStatus.Errored || !wish.IsNeeded || !File.Exists(fragments))
        {
            return new ConversionOutcome(wish, null, null);
        }

        try
        {
            return new ConversionOutcome(wish, await converter.ConvertAsync(recording.Id, wish, cancellationToken), null);
        }
        catch (RecordingFault fault)
        {
            return new ConversionOutcome(wish, null, fault.Message);
        }
    }

    private async Task<Delivered> StoreAsync(RecordingRecord recording, RecordedFiles files, CancellationToken cancellationToken)
    {
        string? error = null;
        var isStored = false;
        if (recording.Plan.Target is { } target)
        {
            error = await TryStoreAtAsync(
                recording, files, target with { IsPublicOnly = !options.Value.AllowsPrivateTargets }, cancellationToken);
            isStored = error is null && !recording.Plan.KeepsInBucket;
        }

        if (recording.Plan.KeepsInBucket)
        {
            // Also when the owner's storage did not take it: then this is the one place it can be had from.
            var ours = await TryStoreAllAsync(recording, files, blobs, cancellationToken);
            error ??= ours;
            if (ours is null)
            {
                isStored = true;
                recording = recording with
                {
                    MediaFile = files.Media is null ? null : Path.GetFileName(files.Media),
                    AudioFile = files.Audio is null ? null : Path.GetFileName(files.Audio),
                    LinksExpireAt = StoredTime.Of(clock.GetUtcNow() + options.Value.LinkLifetime),
                };
            }
        }

        return new Delivered(Finished(recording, error), isStored);
    }

    private async Task<string?> TryStoreAtAsync(
        RecordingRecord recording, RecordedFiles files, StorageTarget target, CancellationToken cancellationToken)
    {
        try
        {
            using var own = target.Open(clock, logger);
            return await TryStoreAllAsync(recording, files, own, cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            // A stranger's server, spoken to by several libraries: whatever comes of it, the recording can still be had from here, and
            // its keys are not kept. Of the fault no more than its name, for it may quote them.
            const string Unusable = "The storage that the recording was to go to cannot be used.";
            RecordingLog.Failed(logger, null, recording.Id, $"{Unusable} ({fault.GetType().Name})");
            return Unusable;
        }
    }

    private async Task<string?> TryStoreAllAsync(
        RecordingRecord recording, RecordedFiles files, IBlobDestination store, CancellationToken cancellationToken)
    {
        foreach (var file in files.All)
        {
            if (await TryStoreAsync(recording, file, store, cancellationToken) is { } error)
            {
                return error;
            }
        }

        return null;
    }

    private async Task<string?> TryStoreAsync(RecordingRecord recording, string file, IBlobDestination store, CancellationToken cancellationToken)
    {
        var began = clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await store.StoreAsync(
                    BlobName.Of(recording.Id.Value, Path.GetFileName(file)), file, TypeOf(file), cancellationToken);
                return null;
            }
            catch (BlobException fault)
            {
                if (!fault.IsWorthRetrying || clock.GetElapsedTime(began) > options.Value.UploadPatience)
                {
                    RecordingLog.Failed(logger, fault, recording.Id, fault.Message);
                    return fault.Message;
                }

                metrics.RetriedUpload();
                RecordingLog.UploadRetried(logger, recording.Id, attempt, fault.Message);
                var wait = Math.Min(LongestWait.TotalMilliseconds, FirstWait.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 10)));
                await Task.Delay(
                    TimeSpan.FromMilliseconds(wait * RandomNumberGenerator.GetInt32(75, 126) / 100), clock, cancellationToken);
            }
        }
    }

    private static RecordingRecord Finished(RecordingRecord recording, string? error, bool isOver = true)
    {
        var hasFailed = error is not null || recording.Status is RecordingStatus.Errored;
        return recording with
        {
            Status = hasFailed ? RecordingStatus.Errored : RecordingStatus.Uploaded,
            StopReason = error is not null && recording.StopReason is null ? RecordingStopReason.InternalError : recording.StopReason,
            ErrorMessage = recording.Status is RecordingStatus.Errored ? recording.ErrorMessage ?? error : error ?? recording.ErrorMessage,
            Plan = isOver ? recording.Plan.Settled() : recording.Plan,
        };
    }

    private RecordedFiles MakeFiles(RecordingRecord recording, ConversionOutcome conversion, CancellationToken cancellationToken) =>
        recording.Kind is RecordingKind.Tracks
            ? TrackFiles.Pack(recording, folder.Of(recording.Id), options.Value.MinFreeBytes, cancellationToken)
            : MakeComposite(recording, conversion, cancellationToken);

    private RecordedFiles MakeComposite(RecordingRecord recording, ConversionOutcome conversion, CancellationToken cancellationToken)
    {
        var path = folder.FragmentsOf(recording.Id);
        var media = Path.Combine(folder.Of(recording.Id), recording.OutputFileName);
        var composed = RecordingFiles.ComposedPath(media);
        if (!File.Exists(path))
        {
            // As it is, and left behind when the server stopped in the middle of storing it.
            return File.Exists(composed)
                ? new RecordedFiles(composed, null, [], TimeSpan.Zero, IsWhole: false) { Fault = FaultOfComposed(recording, conversion) }
                : throw new RecordingFault("Nothing was recorded.");
        }

        try
        {
            using var source = new FileStream(path, new FileStreamOptions { BufferSize = 0 });
            var recorded = Mp4RecordedFile.Read(source, cancellationToken);
            if (recorded.FragmentCount == 0)
            {
                throw new RecordingFault("Nothing was recorded.");
            }

            if (recording.Status is RecordingStatus.Errored)
            {
                return AsItIs(path, recorded.Length, composed);
            }

            if (conversion.Fault is { } fault)
            {
                var whole = Write(recorded, source, composed, Mp4Selection.Everything, cancellationToken);
                return new RecordedFiles(composed, null, [], whole, IsWhole: false) { Fault = fault };
            }

            return MakeAsAsked(recording, conversion, recorded, source, cancellationToken);
        }
        catch (IOException fault) when (RecordingFile.IsNoRoom(fault))
        {
            // No room for the second form of it: the first one plays as well, only seeking in it is slower.
            foreach (var made in conversion.Wish.Paths.Append(media).Append(composed))
            {
                File.Delete(made);
            }

            using var source = new FileStream(path, new FileStreamOptions { BufferSize = 0 });
            return AsItIs(path, Mp4RecordedFile.Read(source, cancellationToken).Length, composed) with
            {
                Fault = conversion.Fault ?? FaultOfComposed(recording, conversion),
            };
        }
    }

    // Why the fragments as they are are not what was asked for; null where they are.
    private static string? FaultOfComposed(RecordingRecord recording, ConversionOutcome conversion) =>
        conversion.Wish.IsNeeded ? NotAsAsked
        : recording.Plan.ExportsAudio || recording.Plan.HoldsMessages || !recording.Plan.ExportsVideo ? NoRoomForFiles
        : null;

    private RecordedFiles MakeAsAsked(
        RecordingRecord recording, ConversionOutcome conversion, Mp4RecordedFile recorded, FileStream source, CancellationToken cancellationToken)
    {
        var media = Path.Combine(Path.GetDirectoryName(source.Name)!, recording.OutputFileName);
        var sound = RecordingFiles.AudioPath(media, recording.Plan);
        var (wish, done) = (conversion.Wish, conversion.Done);
        var (video, audio) = (TimeSpan.Zero, TimeSpan.Zero);
        string? lesser = null;
        using var encoded = wish.FragmentsPath is { } path && File.Exists(path)
            ? new FileStream(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.DeleteOnClose })
            : null;
        var messages = recorded;
        if (encoded is not null)
        {
            (source, recorded) = (encoded, Mp4RecordedFile.Read(encoded, cancellationToken));
        }

        if (recording.Plan.ExportsVideo)
        {
            video = recording.Plan.HoldsMessages
                ? Write(media, output => InteractiveArchive.Write(
                    recorded, messages, source, output, output.Begin, recording.StartedAt ?? recording.CreatedAt, cancellationToken))
                : wish.WebMPath is null ? Write(recorded, source, media, Mp4Selection.Everything, cancellationToken)
                : done!.Duration;
        }

        if (recording.Plan.ExportsAudio)
        {
            try
            {
                audio = wish.Mp3Path is null ? Write(recorded, source, sound, Mp4Selection.Sound, cancellationToken)
                    : done!.HasSound ? done.Duration : TimeSpan.Zero;
            }
            catch (IOException fault) when (video > TimeSpan.Zero && RecordingFile.IsNoRoom(fault))
            {
                lesser = NoRoomForSound; // The other file has it too.
            }
        }

        if (video == TimeSpan.Zero && audio == TimeSpan.Zero)
        {
            throw new RecordingFault(recording.Plan.ExportsVideo ? "Nothing was recorded." : "There was no sound to record.");
        }

        return new RecordedFiles(
            video > TimeSpan.Zero ? media : null, audio > TimeSpan.Zero ? sound : null, [], video > audio ? video : audio, IsWhole: true)
        {
            Fault = lesser,
        };
    }

    private static RecordedFiles AsItIs(string path, long length, string media)
    {
        using (var file = new FileStream(path, new FileStreamOptions { Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite, BufferSize = 0 }))
        {
            file.SetLength(length);
        }

        File.Move(path, media, overwrite: true);
        return new RecordedFiles(media, null, [], TimeSpan.Zero, IsWhole: false);
    }

    private TimeSpan Write(
        Mp4RecordedFile recorded, FileStream source, string path, Mp4Selection selection, CancellationToken cancellationToken) =>
        Write(path, output =>
        {
            var file = Mp4ProgressiveFile.Measure(recorded, selection, cancellationToken);
            output.Begin(file.Length);
            file.Write(source, output, cancellationToken);
            return file.Duration;
        });

    private TimeSpan Write(string path, Func<DeliveredFile, TimeSpan> write)
    {
        var duration = DeliveredFile.Make(path, options.Value.MinFreeBytes, write);
        if (duration == TimeSpan.Zero)
        {
            File.Delete(path);
        }

        return duration;
    }

    private static string TypeOf(string file) => Path.GetExtension(file) switch
    {
        ".mp4" => "video/mp4",
        ".m4a" => "audio/mp4",
        ".mp3" => "audio/mpeg",
        ".webm" => "video/webm",
        ".tar" => "application/x-tar",
        _ => "application/zip",
    };
}

/// <summary>What has become of a recording that was delivered.</summary>
/// <param name="Record">The recording.</param>
/// <param name="IsStored">Whether what there is of it is where it can be had from, so that its folder is no longer needed.</param>
internal sealed record Delivered(RecordingRecord Record, bool IsStored);

/// <summary>What came of encoding a recording anew.</summary>
/// <param name="Wish">What was to be made; mostly nothing.</param>
/// <param name="Done">What was made; null for nothing.</param>
/// <param name="Fault">Why it was not made, for the recording's owner; null when it was, or nothing was to be.</param>
internal sealed record ConversionOutcome(ConversionWish Wish, Converted? Done, string? Fault);

/// <summary>The files of a recording, ready to be stored.</summary>
/// <param name="Media">The path of the first, or of the archive; null for none, of tracks where there was no room for it.</param>
/// <param name="Audio">The path of the sound alone; null for none.</param>
/// <param name="Tracks">Files of single tracks.</param>
/// <param name="Duration">How long it plays; zero when it was not measured.</param>
/// <param name="IsWhole">Whether it is as it was asked for, rather than what is left of it.</param>
internal sealed record RecordedFiles(
    string? Media, string? Audio, IReadOnlyList<RecordedTrackFile> Tracks, TimeSpan Duration, bool IsWhole)
{
    /// <summary>Paths of files of single tracks.</summary>
    public IReadOnlyList<string> TrackPaths { get; init; } = [];

    /// <summary>Why it is not as it was asked for, for its owner; null when it is, or when its recording says so already.</summary>
    public string? Fault { get; init; }

    /// <summary>All paths, the archive of tracks last: the others can be made of it.</summary>
    public IEnumerable<string> All => TrackPaths.Concat(new[] { Media, Audio }.OfType<string>());
}
