/**
 * The names of attributes and properties that standard clients fill by themselves and that identify a person
 * or an address: they are never stored. Our own contract has no such field; its clients decide what they put
 * into properties.
 */
const neverStored: ReadonlySet<string> = new Set([
  // Addresses, by current and former names of OpenTelemetry's conventions, and Segment's.
  "client.address",
  "source.address",
  "destination.address",
  "network.peer.address",
  "network.local.address",
  "net.peer.ip",
  "net.host.ip",
  "net.sock.peer.addr",
  "net.sock.host.addr",
  "http.client_ip",
  "http.request.header.x-forwarded-for",
  "http.request.header.x-real-ip",
  "http.request.header.forwarded",
  "host.ip",
  "host.mac",
  "ip",
  // Persons and their devices. An install is identified by its own id.
  "enduser.id",
  "enduser.pseudo.id",
  "user.id",
  "user.name",
  "user.full_name",
  "user.email",
  "user.hash",
  "device.id",
  "app.installation.id",
]);

const lengthMax = Math.max(...[...neverStored].map((name) => name.length));

/** Judgements of paths that were seen: events repeat their keys, and a look-up is all that one costs then. */
const judged = new Map<string, boolean>();
const judgedMax = 4096;
/** A longer path is the end of another text, which V8 would keep with it, and which may be a whole body. */
const judgedLengthMax = lengthMax + 1;

/**
 * Returns true for a name that is never stored, and for one within something else: `ip`, `order.ip`.
 * @param path the keys down to a value, joined by dots, however they were nested.
 */
export function isPrivate(path: string): boolean {
  const known = judged.get(path);
  if (known !== undefined) return known;
  const judgement = endsPrivate(path);
  if (path.length > judgedLengthMax) return judgement;
  if (judged.size === judgedMax) judged.clear();
  judged.set(path, judgement);
  return judgement;
}

function endsPrivate(path: string): boolean {
  if (neverStored.has(path)) return true;
  // The search begins near the end, because a key may be as long as a body.
  let dot = path.indexOf(".", Math.max(0, path.length - lengthMax - 1));
  for (; dot >= 0; dot = path.indexOf(".", dot + 1)) {
    if (neverStored.has(path.slice(dot + 1))) return true;
  }
  return false;
}

/** A value as JSON has it. */
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * Returns a value without the private members of its objects, at whatever depth.
 * @param path the keys down to the value.
 * @returns the value itself when nothing in it is private.
 */
export function withoutPrivate<T extends Json>(value: T, path: string): T {
  return (hasPrivate(value, path) ? cleaned(value, path) : value) as T;
}

function hasPrivate(value: Json, path: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some((item) => hasPrivate(item, path));
  return Object.keys(value).some((key) => {
    const inner = within(path, key);
    return isPrivate(inner) || hasPrivate(value[key] as Json, inner);
  });
}

function cleaned(value: Json, path: string): Json {
  if (typeof value !== "object" || value === null) return value;
  // A place in a list is no key.
  if (Array.isArray(value)) return value.map((item) => cleaned(item, path));
  const kept = Object.entries(value).flatMap(([key, item]) => {
    const inner = within(path, key);
    return isPrivate(inner) ? [] : [[key, cleaned(item, inner)] as const];
  });
  return Object.fromEntries(kept);
}

/** Returns the end of a path, long enough that a name which was cut off is not taken for a shorter one. */
function within(path: string, key: string): string {
  return `${path}.${key}`.slice(-lengthMax - 2);
}

/**
 * The names of traits, by Segment's specification, that identify a person. The platform wants to know what
 * users are like, never who they are.
 */
const personalTraits: ReadonlySet<string> = new Set([
  "address",
  "age",
  "avatar",
  "birthday",
  "description",
  "email",
  "firstName",
  "gender",
  "id",
  "lastName",
  "name",
  "phone",
  "title",
  "username",
  "website",
]);

export function isPersonal(trait: string): boolean {
  return personalTraits.has(trait);
}
