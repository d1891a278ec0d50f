using Npgsql;
using Roomcast.Storage.Engines;

namespace Roomcast.Storage.Tests.Engines;

public sealed class PostgresAddressTests
{
    [Fact]
    public void A_URL_is_read()
    {
        Assert.True(PostgresAddress.TryParse(
            "postgres://us%40er:p%2F%3Aa%25ss@db.example:6543/room%20cast?sslmode=verify-full&application_name=x&connect_timeout=7",
            out var address,
            out _));

        Assert.Equal("db.example", address.Host);
        Assert.Equal(6543, address.Port);
        Assert.Equal("us@er", address.Username);
        Assert.Equal("p/:a%ss", address.Password);
        Assert.Equal("room cast", address.Database);
        Assert.Equal(SslMode.VerifyFull, address.SslMode);
        Assert.Equal("x", address.ApplicationName);
        Assert.Equal(7, address.Timeout);
    }

    [Theory]
    [InlineData("postgresql://localhost/x", "localhost", 5432)]
    [InlineData("POSTGRES://u@10.1.2.3/x", "10.1.2.3", 5432)]
    [InlineData("postgres://u:p@[::1]:99/x", "::1", 99)]
    [InlineData("postgres://u@placeholder/x?host=/var/run/postgresql", "/var/run/postgresql", 5432)]
    [InlineData(" Host=db;Database=x;Username=u ", "db", 5432)]
    [InlineData("Server=db;Port=99;Database=x", "db", 99)]
    public void The_usual_forms_are_read(string text, string host, int port)
    {
        Assert.True(PostgresAddress.TryParse(text, out var address, out var fault), fault);
        Assert.Equal((host, port, "x"), (address.Host, address.Port, address.Database));
    }

    [Theory]
    [InlineData("postgres://user:SECRET@host")]
    [InlineData("postgres://user:SECRET@host/")]
    [InlineData("postgres://user:SECRET@host:port/db")]
    [InlineData("postgres://user:SEC@RET@host/db?sslmode=maybe")]
    [InlineData("postgres://user:SECRET@host/db?nonsense=SECRET")]
    [InlineData("postgres://user:SECRET@host/db?connect_timeout=-1")]
    [InlineData("Host=db;Password=SECRET")]
    [InlineData("Database=db;Password=SECRET")]
    [InlineData("Host=db;Database=x;Nonsense=SECRET")]
    [InlineData("mysql://user:SECRET@host/db")]
    [InlineData("SECRET")]
    [InlineData("Host=db;Database=x;Port=SECRET")]
    [InlineData("\0")]
    public void What_is_no_address_is_refused_without_repeating_it(string text)
    {
        Assert.False(PostgresAddress.TryParse(text, out _, out var fault));
        Assert.NotEmpty(fault);
        Assert.DoesNotContain("SEC", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("SEC", PostgresAddress.Redact(text), StringComparison.Ordinal);

        var options = new StorageOptions { DatabaseUrl = text };
        var result = new StorageOptionsValidator().Validate(null, options);
        Assert.True(result.Failed);
        Assert.DoesNotContain("SEC", result.FailureMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("SEC", options.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://user:SECRET@host:5432/db")]
    [InlineData("Host=host;Port=5432;Database=db;Username=user;Password=SECRET")]
    public void An_address_is_told_without_its_password(string text) =>
        Assert.Equal("PostgreSQL database db on host:5432", PostgresAddress.Redact(text));
}
