using Roomcast.Cli;

return await RoomcastProgram.RunAsync(args);
