using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Roomcast.Storage.Engines;

/// <summary>Binds the managed SQLite driver to the distribution's own library, which the distribution keeps patched.</summary>
internal static class SystemSqlite
{
    private const string Library = "libsqlite3.so.0";

    /// <summary>STRICT tables came with 3.37.0.</summary>
    private static readonly Version OldestVersion = new(3, 37, 0);

    private static readonly Lazy<Version> Loaded = new(Load);

    /// <summary>Loads the library once for the process.</summary>
    /// <returns>Its version.</returns>
    /// <exception cref="StorageException">It is not installed, or too old.</exception>
    public static Version Use() => Loaded.Value;

    private static Version Load()
    {
        if (!NativeLibrary.TryLoad(Library, out var handle))
        {
            throw new StorageException(
                StorageFailure.Unavailable, $"{Library} is not installed. On Debian and Ubuntu: apt-get install libsqlite3-0");
        }

        // The provider asks for a library named e_sqlite3, which its authors ship with every program; it is given the system's.
        var provider = typeof(SQLite3Provider_e_sqlite3).Assembly;
        NativeLibrary.SetDllImportResolver(provider, (name, _, _) => name == "e_sqlite3" ? handle : IntPtr.Zero);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        raw.FreezeProvider();

        var version = Version.Parse(raw.sqlite3_libversion().utf8_to_string());
        return version >= OldestVersion
            ? version
            : throw new StorageException(
                StorageFailure.Unavailable, $"{Library} is version {version}; {OldestVersion} or newer is needed.");
    }
}
