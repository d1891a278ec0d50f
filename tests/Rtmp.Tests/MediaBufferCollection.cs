using Roomcast.Media.Buffers;

namespace Roomcast.Rtmp.Tests;

/// <summary>Tests that count the buffers of the process, and so cannot run beside others.</summary>
[CollectionDefinition(nameof(MediaBuffer), DisableParallelization = true)]
public sealed class MediaBufferCollection;
