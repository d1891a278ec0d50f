using Roomcast.Livestreams.Lifecycle;
using Roomcast.Livestreams.Records;

namespace Roomcast.Livestreams.Delivery;

/// <summary>The livestreams on air, as delivery wants them.</summary>
internal sealed class OnAirPrograms(OnAirLivestreams livestreams) : ILivePrograms
{
    public LiveProgram? Find(LivestreamId id)
    {
        if (livestreams.Find(id) is not { Airing.Packager: HlsPackager packager } onAir)
        {
            return null;
        }

        packager.Program.Access = onAir.Access;
        return packager.Program;
    }
}
