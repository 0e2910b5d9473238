import { PackageId } from "@mosis/types/apps";
import { Uuid } from "@mosis/types/formats";
import { Compile } from "typebox/compile";

// A path segment that no row can have is answered like a row that is not there, and never reaches PostgreSQL,
// which would call a malformed UUID or a NUL an error.

const uuid = Compile(Uuid);
const packageId = Compile(PackageId);

export function isUuid(text: string): boolean {
  return uuid.Check(text);
}

export function isPackageId(text: string): boolean {
  return packageId.Check(text);
}
