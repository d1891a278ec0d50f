namespace Roomcast.Accounts;

/// <summary>An account: 32 lower-case hexadecimal characters.</summary>
/// <param name="Value">The characters.</param>
public readonly record struct AccountId(string Value)
{
    /// <summary>Reads an account id; anything but 32 hexadecimal characters is refused.</summary>
    public static bool TryParse(string? text, out AccountId id)
    {
        id = default;
        if (text is not { Length: 32 } || !text.All(char.IsAsciiHexDigit))
        {
            return false;
        }

        id = new AccountId(text.ToLowerInvariant());
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>An app: one customer's space.</summary>
/// <param name="Value">The UUID.</param>
public readonly record struct AppId(Guid Value)
{
    /// <summary>Reads an app id: a hyphenated UUID.</summary>
    public static bool TryParse(string? text, out AppId id)
    {
        var isValid = Guid.TryParseExact(text, "D", out var value);
        id = new AppId(value);
        return isValid;
    }

    /// <inheritdoc/>
    public override string ToString() => Value.ToString("D");
}
