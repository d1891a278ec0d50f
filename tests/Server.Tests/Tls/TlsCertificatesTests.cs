using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Roomcast.Server.Tls;
using Roomcast.TestKit;

namespace Roomcast.Server.Tests.Tls;

public sealed class TlsCertificatesTests : IDisposable
{
    private static readonly string[] Names = ["localhost", "127.0.0.1", "::1"];

    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_running_server_renews_its_certificate_in_time_by_the_same_authority()
    {
        using var certificates = Make();
        var first = certificates.Current;
        using var authority = X509CertificateLoader.LoadCertificateFromFile(_folder.PathOf("tls", "ca.pem"));

        _clock.Advance(LocalAuthority.CertificateLifetime - LocalAuthority.RenewBefore - TimeSpan.FromMinutes(1));
        await certificates.RefreshAsync(CancellationToken.None);
        Assert.Same(first, certificates.Current);

        _clock.Advance(TimeSpan.FromMinutes(2));
        await certificates.RefreshAsync(CancellationToken.None);
        Assert.NotEqual(first.Certificate.Thumbprint, certificates.Current.Certificate.Thumbprint);
        Assert.NotSame(first.Context, certificates.Context);
        Assert.True(LocalAuthority.IsIssuedBy(certificates.Current.Certificate, authority, _clock.GetUtcNow()));
        Assert.Equal(Names.ToHashSet(), LocalAuthority.NamesOf(certificates.Current.Certificate));
    }

    [Fact]
    public async Task A_renewed_certificate_is_what_the_next_start_finds()
    {
        using var certificates = Make();
        _clock.Advance(TimeSpan.FromDays(70));
        await certificates.RefreshAsync(CancellationToken.None);

        using var again = Make();
        Assert.Equal(certificates.Current.Certificate.Thumbprint, again.Current.Certificate.Thumbprint);
    }

    [Fact]
    public async Task A_certificate_is_renewed_again_and_again_as_long_as_its_authority_lives()
    {
        using var certificates = Make();
        var seen = new HashSet<string> { certificates.Current.Certificate.Thumbprint };
        var authority = File.ReadAllText(_folder.PathOf("tls", "ca.pem"));
        for (var year = 0; year < 9; year++)
        {
            for (var quarter = 0; quarter < 4; quarter++)
            {
                _clock.Advance(TimeSpan.FromDays(91));
                await certificates.RefreshAsync(CancellationToken.None);
                Assert.True(certificates.Current.Certificate.NotAfter > _clock.GetUtcNow());
                Assert.True(seen.Add(certificates.Current.Certificate.Thumbprint));
            }
        }

        Assert.Equal(authority, File.ReadAllText(_folder.PathOf("tls", "ca.pem")));

        // Then a new authority takes over.
        _clock.Advance(TimeSpan.FromDays(400));
        await certificates.RefreshAsync(CancellationToken.None);
        Assert.NotEqual(authority, File.ReadAllText(_folder.PathOf("tls", "ca.pem")));
        Assert.True(certificates.Current.Certificate.NotAfter > _clock.GetUtcNow());
    }

    [Fact]
    public void A_certificate_of_another_authority_is_not_kept()
    {
        using var first = Make();
        using var stranger = LocalAuthority.CreateAuthority(_clock.GetUtcNow());
        using var key = stranger.GetECDsaPrivateKey()!;
        File.WriteAllText(_folder.PathOf("tls", "ca.pem"), stranger.ExportCertificatePem());
        File.WriteAllText(_folder.PathOf("tls", "ca.key"), key.ExportPkcs8PrivateKeyPem());

        using var again = Make();
        Assert.NotEqual(first.Current.Certificate.Thumbprint, again.Current.Certificate.Thumbprint);
        Assert.True(LocalAuthority.IsIssuedBy(again.Current.Certificate, stranger, _clock.GetUtcNow()));
    }

    [Fact]
    public void A_certificate_whose_key_was_lost_is_made_anew_and_a_damaged_one_is_told()
    {
        using var first = Make();
        File.Delete(_folder.PathOf("tls", "server.key"));
        using var again = Make();
        Assert.NotEqual(first.Current.Certificate.Thumbprint, again.Current.Certificate.Thumbprint);

        File.WriteAllText(_folder.PathOf("tls", "ca.key"), "damaged");
        var fault = Assert.Throws<FirstStart.StartFailure>(Make);
        Assert.Contains("ca.key", fault.Message, StringComparison.Ordinal);
    }

    private TlsCertificates Make() =>
        new(new LocalCertificates(_folder.PathOf("tls"), Names), _clock, NullLogger<TlsCertificates>.Instance);
}
