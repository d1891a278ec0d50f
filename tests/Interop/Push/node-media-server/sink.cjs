// Takes RTMP and RTMPS and records each stream to a file: node sink.cjs '{"port":…,"tlsPort":…,"key":…,"cert":…,"folder":…}'.
const NodeMediaServer = require("node-media-server");

const { port, tlsPort, key, cert, folder } = JSON.parse(process.argv[2]);
const server = new NodeMediaServer({
  bind: "127.0.0.1",
  rtmp: { port },
  rtmps: tlsPort ? { port: tlsPort, key, cert } : undefined,
  record: { path: folder },
});
server.on("doneRecord", (session) => console.log(`recorded ${session.filePath}`));
server.run();
