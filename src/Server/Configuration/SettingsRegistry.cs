using System.Linq.Expressions;
using Microsoft.Extensions.Options;

namespace Roomcast.Server.Configuration;

/// <summary>Every setting there is, in the order of the tables, and how each reaches the feature that asked for it.</summary>
internal sealed class SettingsRegistry
{
    private readonly List<Setting> _settings = [];
    private readonly Dictionary<string, Setting> _byKey = new(StringComparer.Ordinal);
    private readonly List<Binding> _bindings = [];
    private readonly List<Func<SettingValues, IEnumerable<SettingFault>>> _rules = [];
    private string _group = "";

    public IReadOnlyList<Setting> All => _settings;

    /// <summary>Checks that look at several settings at once. A setting whose own value is wrong has its default there.</summary>
    public IReadOnlyList<Func<SettingValues, IEnumerable<SettingFault>>> Rules => _rules;

    /// <summary>The settings that follow stand under this heading.</summary>
    public SettingsRegistry Group(string heading)
    {
        _group = heading;
        return this;
    }

    /// <summary>Adds a setting that the host reads itself.</summary>
    public Setting<T> Add<T>(
        string key, SettingType<T> type, T defaultValue, string meaning, bool isSecret = false, bool isAllowedInFile = true)
    {
        var setting = new Setting<T>(_group, key, type, defaultValue, meaning) { IsSecret = isSecret, IsAllowedInFile = isAllowedInFile };
        _byKey.Add(key, setting);
        _settings.Add(setting);
        return setting;
    }

    /// <summary>Adds a setting for one property of a feature's options. The default is the one that the options class has.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="property">The property it sets.</param>
    /// <param name="type">How it is written, with the allowed range.</param>
    /// <param name="meaning">One line.</param>
    /// <param name="isSecret">Whether the value is never printed.</param>
    public Setting<T> Bind<TOptions, T>(
        string key, Expression<Func<TOptions, T>> property, SettingType<T> type, string meaning, bool isSecret = false)
        where TOptions : class, new()
    {
        var info = (System.Reflection.PropertyInfo)((MemberExpression)property.Body).Member;
        var setting = Add(key, type, (T)info.GetValue(new TOptions())!, meaning, isSecret);
        _bindings.Add(new Binding(
            typeof(TOptions),
            info.Name,
            setting,
            (options, values) => info.SetValue(options, values.Get(setting)),
            (services, values) => services.Configure<TOptions>(options => info.SetValue(options, values.Get(setting)))));
        return setting;
    }

    /// <summary>Adds a check over several settings; it returns what is wrong.</summary>
    public void AddRule(Func<SettingValues, IEnumerable<SettingFault>> rule) => _rules.Add(rule);

    /// <summary>Has a feature's own validator check its options before anything starts, so that its faults are told with all others.</summary>
    public void Check<TOptions>(IValidateOptions<TOptions> validator)
        where TOptions : class, new() =>
        Check<TOptions>(options => (validator.Validate(name: null, options).Failures ?? []).Select(SplitFailure));

    /// <summary>The same, for options that check themselves: each fault comes with the property it is about, or none.</summary>
    public void Check<TOptions>(Func<TOptions, IEnumerable<(string Property, string Fault)>> validate)
        where TOptions : class, new() => AddRule(values =>
        {
            var bindings = BindingsOf(typeof(TOptions));
            return validate((TOptions)Build(typeof(TOptions), values)).Select(fault => Translate(fault.Property, fault.Fault, bindings, values));
        });

    /// <summary>Finds a setting by its exact key.</summary>
    public Setting? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>Hands every bound value to its feature: as <see cref="IOptions{T}"/>, and as the options themselves.</summary>
    public void Configure(IServiceCollection services, SettingValues values)
    {
        foreach (var binding in _bindings)
        {
            binding.Configure(services, values);
        }

        foreach (var type in _bindings.Select(binding => binding.Options).Distinct())
        {
            services.AddSingleton(type, Build(type, values));
        }
    }

    // ValidateOptionsResultBuilder writes "Property Name: fault".
    private static (string Property, string Fault) SplitFailure(string failure)
    {
        const string Start = "Property ";
        var colon = failure.IndexOf(": ", StringComparison.Ordinal);
        return failure.StartsWith(Start, StringComparison.Ordinal) && colon > 0
            ? (failure[Start.Length..colon], failure[(colon + 2)..])
            : ("", failure);
    }

    private static SettingFault Translate(string property, string fault, List<Binding> bindings, SettingValues values)
    {
        // An owner knows a property by its key.
        var binding = bindings.Find(binding => binding.Property == property);
        return binding is null
            ? new SettingFault(string.Join(", ", bindings.Select(each => each.Setting.Key)), "settings", fault)
            : new SettingFault(binding.Setting.Key, values.OriginOf(binding.Setting), $"{fault} Allowed is {binding.Setting.Allowed}.");
    }

    private List<Binding> BindingsOf(Type options) => _bindings.FindAll(binding => binding.Options == options);

    private object Build(Type type, SettingValues values)
    {
        var options = Activator.CreateInstance(type)!;
        BindingsOf(type).ForEach(binding => binding.Apply(options, values));
        return options;
    }

    private sealed record Binding(
        Type Options, string Property, Setting Setting, Action<object, SettingValues> Apply, Action<IServiceCollection, SettingValues> Configure);
}
