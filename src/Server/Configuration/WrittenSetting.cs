namespace Roomcast.Server.Configuration;

/// <summary>A value as somebody wrote it, before anybody has read it.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="Text">What was written.</param>
/// <param name="Origin">Where.</param>
internal sealed record WrittenSetting(Setting Setting, string Text, string Origin)
{
    /// <summary>Says what was set and where, without the value, which may be a secret.</summary>
    public override string ToString() => $"{Setting.Key} ({Origin})";
}
