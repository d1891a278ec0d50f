using Microsoft.Extensions.Caching.Memory;
using Roomcast.Accounts;
using Roomcast.Livestreams.Delivery;
using Roomcast.Livestreams.Records;
using Roomcast.Livestreams.Viewers;
using Roomcast.Storage;

namespace Roomcast.Livestreams.Lifecycle;

/// <summary>Tells those who want to watch where a livestream stands, on air or not.</summary>
/// <remarks>
/// A livestream that is not on air is looked up in the database, and the answer kept for two seconds: a thousand pages that
/// wait for a stream to begin cost one query in that time.
/// </remarks>
internal sealed class LiveAudience(
    OnAirLivestreams onAir, LivestreamStore livestreams, AppStore apps, PlaybackTokens tokens, TimeProvider time) : ILiveAudience, IDisposable
{
    private const int MaxKept = 10_000;

    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(2);

    private readonly MemoryCache _kept = new(new MemoryCacheOptions { SizeLimit = MaxKept });

    public async ValueTask<AudienceAnswer> FindAsync(LivestreamId livestreamId, string? playbackToken, CancellationToken cancellationToken)
    {
        var found = onAir.Find(livestreamId) is { } present && Describe(present) is { } live
            ? live
            : await FindOffAirAsync(livestreamId, cancellationToken);
        if (found.Answer.Admission is AudienceAdmission.Allowed
            && found.Access is PlaybackAccess.Signed
            && tokens.Check(playbackToken, livestreamId, time.GetUtcNow()) is not PlaybackTokenVerdict.Valid)
        {
            return new AudienceAnswer(AudienceAdmission.NotAllowed);
        }

        return found.Answer;
    }

    public LiveViewers? FindViewers(LivestreamId livestreamId) => onAir.Find(livestreamId)?.Airing?.Viewers;

    public void Dispose() => _kept.Dispose();

    private static Found? Describe(OnAirLivestream livestream)
    {
        var airing = livestream.Airing;
        AudienceState? state = livestream.State switch
        {
            LivestreamState.Starting => AudienceState.Waiting,
            LivestreamState.OnAir => AudienceState.Live,
            LivestreamState.Interrupted => AudienceState.Interrupted,
            _ when airing is { IsPlayable: true } => AudienceState.Ended,
            _ => null,
        };
        return state is { } known
            ? new Found(
                new AudienceAnswer(
                    AudienceAdmission.Allowed,
                    known,
                    livestream.Name,
                    known is AudienceState.Live or AudienceState.Interrupted ? airing?.StartedAt : null,
                    known is AudienceState.Live or AudienceState.Interrupted ? airing?.Viewers : null),
                livestream.Access)
            : null;
    }

    private async Task<Found> FindOffAirAsync(LivestreamId id, CancellationToken cancellationToken)
    {
        // One look-up for all that ask at the same time; whoever of them gives up does not end it for the others.
        var looking = _kept.GetOrCreate(id, entry =>
        {
            entry.Size = 1;
            entry.AbsoluteExpirationRelativeToNow = KeptFor;
            return new Lazy<Task<Found>>(() => LookUpAsync(id));
        })!;
        try
        {
            return await looking.Value.WaitAsync(cancellationToken);
        }
        catch (StorageException)
        {
            _kept.Remove(id);
            throw;
        }
    }

    private async Task<Found> LookUpAsync(LivestreamId id)
    {
        if (await livestreams.FindAsync(id, CancellationToken.None) is not { } livestream
            || await apps.FindAsync(livestream.AppId, CancellationToken.None) is not { } app)
        {
            return new Found(new AudienceAnswer(AudienceAdmission.NotFound), PlaybackAccess.Public);
        }

        // LIVE without being on air here: another server of this database has it, or it is just being closed.
        var state = livestream.Status is LivestreamStatus.Idle or LivestreamStatus.Errored ? AudienceState.Ended : AudienceState.Waiting;
        return new Found(new AudienceAnswer(AudienceAdmission.Allowed, state, livestream.Name), app.Playback);
    }

    private sealed record Found(AudienceAnswer Answer, PlaybackAccess Access);
}
