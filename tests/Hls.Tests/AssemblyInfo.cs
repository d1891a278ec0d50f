// One test counts the buffers that the whole process holds.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
