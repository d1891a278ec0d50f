using Roomcast.Egress.Worker.Running;

return WorkerRun.Run(args, Console.Error, ComposerBridge.Make);
