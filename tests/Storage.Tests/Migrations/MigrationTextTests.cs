using Roomcast.Storage.Migrations;

namespace Roomcast.Storage.Tests.Migrations;

public sealed class MigrationTextTests
{
    [Fact]
    public void Words_in_braces_and_sections_are_each_engines_own()
    {
        var migration = new Migration(1, "x", "a {uuid} {time}\n--# sqlite\nonly here {bytes}\n--# postgres\nonly there {bytes}\n--# both\nz {flag} {strict}");

        Assert.Equal("a TEXT INTEGER\nonly here BLOB\nz INTEGER STRICT\n", migration.SqlFor(DatabaseEngine.Sqlite));
        Assert.Equal("a uuid bigint\nonly there bytea\nz boolean \n", migration.SqlFor(DatabaseEngine.Postgres));
    }

    [Theory]
    [InlineData("{nonsense}")]
    [InlineData("--# oracle\n")]
    public void An_unknown_word_or_section_is_a_mistake(string text) =>
        Assert.Throws<InvalidOperationException>(() => new Migration(1, "x", text).SqlFor(DatabaseEngine.Sqlite));

    [Fact]
    public void The_checksum_does_not_depend_on_line_endings() =>
        Assert.Equal(new Migration(1, "x", "a\nb\n").Checksum, new Migration(1, "x", "a\r\nb\r\n").Checksum);

    /// <summary>
    /// Released migrations never change: databases out there remember their checksums. A new migration adds a line here.
    /// </summary>
    [Fact]
    public void Released_migrations_are_as_they_were_released() => Assert.Equal(
        [
            "1 accounts 41c14bfb74cde92f",
            "2 livestreams 902bdb79835d4753",
            "3 meetings d29c4a6b7c36f9b5",
            "4 outputs 8f41546704a203b2",
            "5 recordings ee8a9abe9a4e8c82",
            "6 meeting_livestreams c001f7d13abd6505",
            "7 webhooks 5bae764d55f1ddbc",
            "8 session_history b98339f7f137b1ce",
            "9 session_leavings 360f94ad6f9efd78",
            "10 summary_tasks 04010eb595fc3fd2",
            "11 connected_sessions 733953803735befb",
            "12 meeting_targets 01624b4e6ed82d92",
            "13 session_memories daafd90e24db3a56",
            "14 composed_livestreams d16a46e818f38d53",
            "15 session_counts beed58e79a860e58",
            "16 list_blocks d0e457d5d10a8e78",
            "17 list_block_size 85f1e9077f6fba85",
        ],
        Migration.All.Select(migration => $"{migration.Version} {migration.Name} {migration.Checksum[..16]}"));
}
