using System.Diagnostics.Metrics;

namespace Roomcast.Storage;

/// <summary>What the storage measures, in the meter <c>Roomcast.Storage</c>.</summary>
internal static class StorageMetrics
{
    public const string MeterName = "Roomcast.Storage";

    private static readonly Meter Meter = new(MeterName);

    public static readonly Histogram<double> TransactionSeconds = Meter.CreateHistogram<double>(
        "roomcast.storage.transaction.duration", "s", "Time of a transaction from its first statement to its commit; tag kind: read, write.");

    public static readonly Histogram<double> WaitSeconds = Meter.CreateHistogram<double>(
        "roomcast.storage.wait.duration", "s", "Time a transaction waits for its turn and its connection; tag kind: read, write.");

    public static readonly Counter<long> SlowStatements = Meter.CreateCounter<long>(
        "roomcast.storage.statements.slow", "{statement}", "Statements that took longer than the setting SlowStatement.");

    public static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "roomcast.storage.retries", "{retry}", "Transactions tried again; tag failure.");

    public static readonly Counter<long> Failures = Meter.CreateCounter<long>(
        "roomcast.storage.failures", "{failure}", "Transactions that failed, retries included; tag failure.");

    public static KeyValuePair<string, object?> Kind(bool writes) => new("kind", writes ? "write" : "read");

    public static KeyValuePair<string, object?> Of(StorageFailure failure) => new("failure", failure.ToString());
}
