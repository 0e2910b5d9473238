// A server that does nothing but answer, with as many bytes as an app of the store has. It sends its URL to
// the parent.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const body = Buffer.alloc(1700, "a");
const server = createServer((_req, res) => {
  res.setHeader("content-type", "text/plain");
  res.end(body);
});
server.listen(0, "127.0.0.1", () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.once("disconnect", () => process.exit());
