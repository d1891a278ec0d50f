using OpenTelemetry.Trace;

namespace Roomcast.Server.Observability;

/// <summary>Leaves out what players ask for: thousands of requests a second, of which metrics tell what there is to know.</summary>
internal sealed class RequestSampler : Sampler
{
    /// <summary>The tag of a request's path (OpenTelemetry semantic conventions, HTTP spans); there when a request is sampled.</summary>
    public const string PathTag = "url.path";

    private const string Players = "/live/";

    private readonly ParentBasedSampler _others = new(new AlwaysOnSampler());

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        if (samplingParameters.Tags is { } tags)
        {
            foreach (var (name, value) in tags)
            {
                if (name == PathTag && value is string path && path.StartsWith(Players, StringComparison.OrdinalIgnoreCase))
                {
                    return new SamplingResult(SamplingDecision.Drop);
                }
            }
        }

        return _others.ShouldSample(samplingParameters);
    }
}
