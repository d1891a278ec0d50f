using Roomcast.Server.Configuration;
using Roomcast.Server.Listening;

namespace Roomcast.Server.Tls;

/// <summary>Registration of the certificate that TLS listeners serve.</summary>
internal static class TlsServices
{
    /// <summary>Adds <see cref="TlsCertificates"/>: the owner's certificate when one is set, otherwise the local authority's.</summary>
    public static IServiceCollection AddTls(this IServiceCollection services, SettingValues settings, ServerNames names)
    {
        var certificateFile = settings.Get(ServerSettings.TlsCertificate);
        var keyFile = settings.Get(ServerSettings.TlsKey);
        var folder = Path.Combine(Path.GetFullPath(settings.Get(ServerSettings.Data)), "tls");
        services.AddSingleton<CertificateSource>(_ =>
            certificateFile is not null && keyFile is not null
                ? new FileCertificates(Path.GetFullPath(certificateFile), Path.GetFullPath(keyFile))
                : new LocalCertificates(folder, names.CertificateNames));
        services.AddSingleton<TlsCertificates>();
        services.AddHostedService(provider => provider.GetRequiredService<TlsCertificates>());
        return services;
    }
}
