using Roomcast.TestKit;

namespace Roomcast.Fuzz;

/// <summary>Throws mutated inputs at one reader. Inputs that broke something once are kept and always tried again.</summary>
/// <remarks>
/// The corpus of a target is <c>tests/Fuzz/Corpus/&lt;target&gt;/</c>: seeds are named <c>seed-*</c>, inputs that once failed
/// <c>kept-*</c>. A run tries all of them as they are, cut at every boundary, and then mutated. The seed of the
/// mutations is fixed unless <c>ROOMCAST_FUZZ_SEED</c> is set; <c>ROOMCAST_FUZZ_ROUNDS</c> lengthens the run. An
/// input that fails is written to the corpus, so that it is kept once the fault is mended.
/// </remarks>
public static class FuzzRun
{
    private const int DefaultRounds = 20_000;

    /// <summary>Runs one target.</summary>
    /// <param name="target">The corpus folder's name.</param>
    /// <param name="seeds">Good inputs made by code, besides those in the folder.</param>
    /// <param name="read">Reads one input. It may refuse the input by its return value; anything it throws is a fault.</param>
    public static void Of(string target, IEnumerable<byte[]> seeds, Action<byte[]> read)
    {
        ArgumentNullException.ThrowIfNull(read);

        // What has ended already is not waited for.
        OfAsync(
            target,
            seeds,
            input =>
            {
                read(input);
                return Task.CompletedTask;
            },
            weight: 1).GetAwaiter().GetResult();
    }

    /// <summary>Runs one target that has to wait for what comes of an input.</summary>
    /// <param name="target">The corpus folder's name.</param>
    /// <param name="seeds">Good inputs made by code, besides those in the folder.</param>
    /// <param name="readAsync">Takes one input. Anything it throws is a fault.</param>
    /// <param name="weight">How many usual inputs one takes the time of: so many fewer are tried.</param>
    public static async Task OfAsync(string target, IEnumerable<byte[]> seeds, Func<byte[], Task> readAsync, int weight)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        ArgumentNullException.ThrowIfNull(readAsync);

        var folder = RepositoryFiles.PathOf("tests", "Fuzz", "Corpus", target);
        var corpus = new List<byte[]>(seeds);
        if (Directory.Exists(folder))
        {
            corpus.AddRange(Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes));
        }

        Assert.NotEmpty(corpus);

        foreach (var input in corpus)
        {
            await TryAsync(folder, input, readAsync);
            for (var length = 0; length < input.Length; length += Math.Max(1, input.Length * weight / 2_000))
            {
                await TryAsync(folder, input[..length], readAsync);
            }
        }

        var seed = int.TryParse(Environment.GetEnvironmentVariable("ROOMCAST_FUZZ_SEED"), out var chosen) ? chosen : 20_260_101;
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("ROOMCAST_FUZZ_ROUNDS"), out var wanted) ? wanted : DefaultRounds;
        var random = new Random(seed);
        for (var round = 0; round < rounds / weight; round++)
        {
            await TryAsync(folder, Mutate(corpus[random.Next(corpus.Count)], corpus, random), readAsync);
        }
    }

    private static async Task TryAsync(string folder, byte[] input, Func<byte[], Task> readAsync)
    {
        var copy = (byte[])input.Clone();
        try
        {
            await readAsync(copy);
        }
        catch (Exception fault)
        {
            Directory.CreateDirectory(folder);
            var name = "kept-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(input))[..16];
            File.WriteAllBytes(Path.Combine(folder, name), input);
            throw new InvalidOperationException($"The reader threw on {name} ({input.Length} bytes), kept in the corpus.", fault);
        }
    }

    private static byte[] Mutate(byte[] input, List<byte[]> corpus, Random random)
    {
        var bytes = new List<byte>(input);
        var changes = 1 + random.Next(8);
        for (var change = 0; change < changes; change++)
        {
            var at = bytes.Count == 0 ? 0 : random.Next(bytes.Count);
            switch (random.Next(8))
            {
                case 0 when bytes.Count > 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when bytes.Count > 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2 when bytes.Count > 0:
                    bytes[at] = Interesting[random.Next(Interesting.Length)];
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 4 when bytes.Count > 0:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(16)));
                    break;
                case 5 when bytes.Count > 0:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, 1 + random.Next(32))));
                    break;
                case 6:
                    var other = corpus[random.Next(corpus.Count)];
                    if (other.Length > 0)
                    {
                        var from = random.Next(other.Length);
                        bytes.InsertRange(at, other.AsSpan(from, Math.Min(other.Length - from, 1 + random.Next(64))).ToArray());
                    }

                    break;
                default:
                    if (bytes.Count - at >= 4)
                    {
                        var value = InterestingWords[random.Next(InterestingWords.Length)];
                        for (var i = 0; i < 4; i++)
                        {
                            bytes[at + i] = (byte)(value >> (24 - (8 * i)));
                        }
                    }

                    break;
            }
        }

        return [.. bytes];
    }

    private static readonly byte[] Interesting = [0, 1, 2, 3, 0x7F, 0x80, 0xFE, 0xFF];

    private static readonly uint[] InterestingWords = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x00FF_FFFF, 0x0000_FFFF, 0x0100_0000];
}
