namespace Roomcast.Server.Configuration;

/// <summary>One thing that is wrong with what was set.</summary>
/// <param name="Key">The setting's key, or the unknown name as it was written.</param>
/// <param name="Origin">Where it was set, for example <c>environment variable ROOMCAST_BIND</c>.</param>
/// <param name="Message">What is wrong and what is allowed. Secrets are covered.</param>
internal sealed record SettingFault(string Key, string Origin, string Message)
{
    /// <summary>One line for the person who set it.</summary>
    public override string ToString() => $"{Key} ({Origin}): {Message}";
}
