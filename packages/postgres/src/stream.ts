import type { ClientBase, Connection } from "pg";

/** Returns the stream that a connection writes to and reads from. */
export function streamOf(client: ClientBase): Connection["stream"] {
  return (client as ClientBase & { connection: Connection }).connection.stream;
}
