import type { ClientBase, Connection } from "pg";

/** What a connection writes to and reads from. */
export function streamOf(client: ClientBase): Connection["stream"] {
  return (client as ClientBase & { connection: Connection }).connection.stream;
}
