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

export function isPrivate(key: string): boolean {
  return neverStored.has(key);
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
