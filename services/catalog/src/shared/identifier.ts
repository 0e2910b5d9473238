import { PackageId } from "@mosis/types/apps";
import { Uuid } from "@mosis/types/formats";
import { ProviderName } from "@mosis/types/oauth";
import { VersionCode } from "@mosis/types/versions";
import { Compile } from "typebox/compile";

// A path segment that no row can have is answered like a row that is not there, and never reaches PostgreSQL,
// which would call a malformed UUID or a NUL an error.

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

/** The version code of a path segment, as it is written in decimal; null when it is none. */
export function versionCodeOf(text: string): number | null {
  const code = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  return versionCode.Check(code) ? code : null;
}
