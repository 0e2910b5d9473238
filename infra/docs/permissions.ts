import { permissions } from "@mosis/types/keys";
import { table } from "./sections.ts";

/** Returns the table of the permissions that a key may have. */
export function permissionTable(): string {
  return table(
    ["permission", "allows"],
    Object.entries(permissions).map(([permission, allows]) => [`\`${permission}\``, allows]),
  );
}
