using System.Reflection;
using System.Runtime.InteropServices;

namespace Roomcast.Rtc.OpenSsl;

/// <summary>Finds OpenSSL 3 on this machine: the one that the framework itself uses for TLS.</summary>
internal static class OpenSslLibrary
{
    public const string Ssl = "roomcast-libssl";
    public const string Crypto = "roomcast-libcrypto";

    private const string SslFile = "libssl.so.3";
    private const string CryptoFile = "libcrypto.so.3";

    private static readonly Lazy<bool> Resolver = new(() =>
    {
        NativeLibrary.SetDllImportResolver(typeof(OpenSslLibrary).Assembly, Resolve);
        return true;
    });

    /// <summary>Makes the names above known to the loader. Called by whatever holds imports, before its first call.</summary>
    public static void Register() => _ = Resolver.Value;

    /// <summary>Whether libcrypto exports a function; for the few that a build may leave out.</summary>
    public static bool CryptoHas(string function) => NativeLibrary.TryGetExport(Load(CryptoFile), function, out _);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        Ssl => Load(SslFile),
        Crypto => Load(CryptoFile),
        _ => 0,
    };

    private static nint Load(string file) => NativeLibrary.TryLoad(file, out var handle)
        ? handle
        : throw new DllNotFoundException(
            $"OpenSSL 3 ({file}) was not found; WebRTC needs it. On Debian and Ubuntu: apt-get install libssl3 (libssl3t64 on newer ones).");
}
