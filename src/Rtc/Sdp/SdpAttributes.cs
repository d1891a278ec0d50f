using System.Collections;

namespace Roomcast.Rtc.Sdp;

/// <summary>One <c>a=</c> line.</summary>
/// <param name="Name">What stands before the colon.</param>
/// <param name="Value">What stands behind it; null when there is no colon.</param>
public readonly record struct SdpAttribute(string Name, string? Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value is null ? $"a={Name}" : $"a={Name}:{Value}";
}

/// <summary>A line that is no attribute, kept as it was.</summary>
/// <param name="Type">Its letter.</param>
/// <param name="Value">What stands behind the equals sign.</param>
public readonly record struct SdpLine(char Type, string Value)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Type}={Value}";
}

/// <summary>The <c>a=</c> lines of a session or a media section, in their order; those that nobody knows are kept too.</summary>
/// <remarks>Typed reading happens on top of the lines, so that a description writes out what was read in.</remarks>
public sealed class SdpAttributes : IEnumerable<SdpAttribute>
{
    private readonly List<SdpAttribute> _lines = [];

    /// <summary>How many there are.</summary>
    public int Count => _lines.Count;

    /// <summary>Adds a line at the end.</summary>
    public void Add(string name, string? value = null) => _lines.Add(new SdpAttribute(name, value));

    /// <summary>Puts a line in the place of the first of its name, and removes the others; at the end if there was none.</summary>
    public void Set(string name, string? value = null)
    {
        var at = _lines.FindIndex(line => line.Name == name);
        if (at < 0)
        {
            Add(name, value);
            return;
        }

        _lines[at] = new SdpAttribute(name, value);
        for (var i = _lines.Count - 1; i > at; i--)
        {
            if (_lines[i].Name == name)
            {
                _lines.RemoveAt(i);
            }
        }
    }

    /// <summary>Removes all lines of a name.</summary>
    /// <returns>How many there were.</returns>
    public int Remove(string name) => _lines.RemoveAll(line => line.Name == name);

    /// <summary>Whether there is a line of this name.</summary>
    public bool Has(string name) => _lines.Exists(line => line.Name == name);

    /// <summary>The value of the first line of a name; null without such a line or without a value.</summary>
    public string? Find(string name)
    {
        foreach (var line in _lines)
        {
            if (line.Name == name)
            {
                return line.Value;
            }
        }

        return null;
    }

    /// <summary>The values of all lines of a name that have one.</summary>
    public IEnumerable<string> FindAll(string name)
    {
        foreach (var line in _lines)
        {
            if (line.Name == name && line.Value is not null)
            {
                yield return line.Value;
            }
        }
    }

    /// <inheritdoc/>
    public IEnumerator<SdpAttribute> GetEnumerator() => _lines.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
