import { PackageId } from "@mosis/types/apps";
import { Uuid } from "@mosis/types/formats";
import { ProviderName } from "@mosis/types/oauth";
import { VersionCode } from "@mosis/types/versions";
import { Compile } from "typebox/compile";

// A path segment that no row can have gets the answer of a missing row. It never reaches PostgreSQL, which
// would report a malformed UUID or a NUL as an error.

const uuid = Compile(Uuid);
const versionCode = Compile(VersionCode);
const packageId = Compile(PackageId);
const providerName = Compile(ProviderName);

export function isUuid(text: string): boolean {
  return uuid.Check(text);
}

export function isPackageId(text: string): boolean {
  return packageId.Check(text);
}

export function isProviderName(text: string): boolean {
  return providerName.Check(text);
}

/** Returns the version code of a path segment, written in decimal; null when the segment is none. */
export function versionCodeOf(text: string): number | null {
  const code = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  return versionCode.Check(code) ? code : null;
}
