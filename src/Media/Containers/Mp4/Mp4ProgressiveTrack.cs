using System.Collections.Immutable;

namespace Roomcast.Media.Containers.Mp4;

/// <summary>One track of a progressive file to be made: its figures, and the tables of its index in little room.</summary>
/// <remarks>Of a frame two or three bytes are kept for its size, and three or four more where its duration or its offset is another than that of the one before.</remarks>
internal sealed class Mp4ProgressiveTrack(int trackNumber, int timescaleHz)
{
    private readonly RunRow _durations = new();
    private readonly RunRow _compositionOffsets = new();
    private readonly NumberRow _sizes = new();
    private readonly NumberRow _syncSamples = new(); // Each counted from the one before, the first from the leading ones.
    private readonly NumberRow _samplesPerChunk = new(); // The number of chunks of the same kind before, then what the table says.
    private (int SampleCount, int Description) _lastChunk;
    private uint _chunksOfLastKind;
    private uint _chunkKinds;
    private uint _chunkCount;
    private uint _sampleCount;
    private uint _leadingSyncSamples;
    private uint _laterSyncSamples;
    private uint _lastSyncSample;
    private Mp4ReadSample _pending;
    private bool _hasPending;

    public int TrackNumber => trackNumber;

    public int TimescaleHz => timescaleHz;

    /// <summary>The sample entries: more than one where the configuration changed.</summary>
    public List<Track> Descriptions { get; } = [];

    /// <summary>For each section of the source the number of the sample entry, from 1; 0 for none.</summary>
    public List<int> DescriptionOfSection { get; } = [];

    /// <summary>When the first sample is decoded, in the track's clock.</summary>
    public long FirstDecodeTime { get; private set; }

    /// <summary>When the earliest of the first samples is shown.</summary>
    public long FirstShown { get; private set; } = long.MaxValue;

    /// <summary>When the last sample ends.</summary>
    public long End { get; private set; }

    public bool IsVideo => Descriptions[0].Kind is TrackKind.Video;

    public bool HasSamples => _sampleCount > 0;

    /// <summary>The tables that it has; one that says nothing is left out.</summary>
    public ImmutableArray<Mp4Table> Tables => [.. Enum.GetValues<Mp4Table>().Where(table => EntryCount(table) > 0)];

    /// <summary>Adds the next frame.</summary>
    public void Add(in Mp4ReadSample sample)
    {
        // A sample lasts until the next one begins, also over a gap between fragments: only so do the later ones keep their time.
        if (_hasPending)
        {
            Index(sample.DecodeTime - _pending.DecodeTime);
        }
        else
        {
            FirstDecodeTime = sample.DecodeTime;
        }

        // Only the first group of pictures can hold one that is shown before the first.
        FirstShown = Math.Min(FirstShown, sample.PresentationTime);
        End = Math.Max(End, sample.PresentationTime + sample.Duration);
        _pending = sample;
        _hasPending = true;
    }

    /// <summary>Adds a chunk of frames that were added.</summary>
    public void AddChunk(int sampleCount, int description)
    {
        if (_lastChunk != (sampleCount, description))
        {
            _samplesPerChunk.Add(_chunksOfLastKind);
            _samplesPerChunk.Add((ulong)sampleCount);
            _samplesPerChunk.Add((ulong)description);
            _lastChunk = (sampleCount, description);
            _chunksOfLastKind = 0;
            _chunkKinds++;
        }

        _chunksOfLastKind++;
        _chunkCount++;
    }

    /// <summary>No frame follows.</summary>
    public void Close()
    {
        if (_hasPending)
        {
            Index(_pending.Duration);
            _hasPending = false;
        }
    }

    /// <summary>How many entries a table has; 0 leaves it out.</summary>
    public uint EntryCount(Mp4Table table) => table switch
    {
        Mp4Table.Durations => _durations.Count,
        Mp4Table.CompositionOffsets => _compositionOffsets.IsZero ? 0 : _compositionOffsets.Count,

        // Where every sample is one the table is left out: that is what its absence says.
        Mp4Table.SyncSamples => _leadingSyncSamples == _sampleCount ? 0 : _leadingSyncSamples + _laterSyncSamples,
        Mp4Table.SamplesPerChunk => _chunkKinds,
        Mp4Table.Sizes => _sampleCount,
        Mp4Table.ChunkOffsets => _chunkCount,
        _ => throw new ArgumentOutOfRangeException(nameof(table), table, "Not a table."),
    };

    /// <summary>How many samples in a row last how long.</summary>
    public IEnumerable<(uint Count, uint Duration)> Durations() => _durations.Runs();

    /// <summary>How many samples in a row are shown how long after they are decoded; the bits of numbers with a sign.</summary>
    public IEnumerable<(uint Count, uint Offset)> CompositionOffsets() => _compositionOffsets.Runs();

    /// <summary>The length of each sample.</summary>
    public IEnumerable<uint> Sizes()
    {
        var reader = _sizes.Read();
        for (uint sample = 0; sample < _sampleCount; sample++)
        {
            yield return (uint)reader.Next();
        }
    }

    /// <summary>The numbers of the samples that decoding can begin at, from 1.</summary>
    public IEnumerable<uint> SyncSamples()
    {
        for (uint number = 1; number <= _leadingSyncSamples; number++)
        {
            yield return number;
        }

        var reader = _syncSamples.Read();
        var last = _leadingSyncSamples;
        for (uint later = 0; later < _laterSyncSamples; later++)
        {
            yield return last += (uint)reader.Next();
        }
    }

    /// <summary>From which chunk on, from 1, each holds how many samples, and which sample entry they need.</summary>
    public IEnumerable<(uint FirstChunk, uint SampleCount, uint Description)> SamplesPerChunk()
    {
        var reader = _samplesPerChunk.Read();
        uint first = 1;
        for (uint kind = 0; kind < _chunkKinds; kind++)
        {
            first += (uint)reader.Next();
            yield return (first, (uint)reader.Next(), (uint)reader.Next());
        }
    }

    private void Index(long duration)
    {
        _sampleCount++;
        _durations.Add((uint)Math.Clamp(duration, 0, uint.MaxValue));
        _compositionOffsets.Add(unchecked((uint)_pending.CompositionOffset));
        _sizes.Add((ulong)_pending.Length);
        if (!_pending.IsSync)
        {
            return;
        }

        if (_leadingSyncSamples == _sampleCount - 1)
        {
            _leadingSyncSamples++;
        }
        else
        {
            _syncSamples.Add(_sampleCount - (_laterSyncSamples == 0 ? _leadingSyncSamples : _lastSyncSample));
            _laterSyncSamples++;
        }

        _lastSyncSample = _sampleCount;
    }
}

/// <summary>The tables of a track's index.</summary>
internal enum Mp4Table
{
    /// <summary>stts.</summary>
    Durations,

    /// <summary>ctts.</summary>
    CompositionOffsets,

    /// <summary>stss.</summary>
    SyncSamples,

    /// <summary>stsc.</summary>
    SamplesPerChunk,

    /// <summary>stsz.</summary>
    Sizes,

    /// <summary>co64.</summary>
    ChunkOffsets,
}
