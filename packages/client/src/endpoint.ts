/** Returns the address of a service without slashes at its end, so that a path can follow. */
export function withoutEndSlashes(endpoint: string): string {
  let end = endpoint.length;
  while (endpoint[end - 1] === "/") end -= 1;
  return endpoint.slice(0, end);
}
