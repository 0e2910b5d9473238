import type { Operation } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { DeviceQuery, DeviceVersion, StoreApp } from "@mosis/types/store";

const params = { package_id: PackageId };
const requestHeaders = { "If-None-Match": "The ETag of what you have." };
const headers = { ETag: "Send it as If-None-Match.", "Cache-Control": "How long it may be kept." };
const unchanged = { description: "You have it already.", headers };

export const storeOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/store/apps/{package_id}",
    id: "getStoreApp",
    summary: "A published app with the latest version that all installs get",
    access: "public",
    params,
    requestHeaders,
    answers: { 200: { description: "The app.", body: StoreApp, headers }, 304: unchanged },
    problems: ["not_found", "rate_limited"],
  },
  {
    method: "get",
    path: "/v1/store/apps/{package_id}/latest",
    id: "getVersionForDevice",
    summary:
      "The version of an app that a device gets: by its Mosis, and by its install while one is in rollout",
    access: "public",
    params,
    query: DeviceQuery,
    requestHeaders,
    answers: { 200: { description: "The version.", body: DeviceVersion, headers }, 304: unchanged },
    problems: ["not_found", "rate_limited"],
  },
];
