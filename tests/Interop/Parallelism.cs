// These tests start encoders, browsers and servers, and some measure time: they share the machine better one after another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
