import type { Operation } from "@mosis/http";
import { PackageId } from "@mosis/types/apps";
import { DeviceQuery, DeviceVersion, StoreApp } from "@mosis/types/store";

const params = { package_id: PackageId };
const requestHeaders = { "If-None-Match": "The ETag of the answer that you have." };
const headers = { ETag: "Send it as If-None-Match.", "Cache-Control": "The time for which it may be kept." };
const unchanged = { description: "The answer that you have is still valid.", headers };

export const storeOperations: Operation[] = [
  {
    method: "get",
    path: "/v1/store/apps/{package_id}",
    id: "getStoreApp",
    summary: "Read a published app with the latest version that all installs get",
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
      "Read the version of an app for a device: by its Mosis version, and by its install during a rollout",
    access: "public",
    params,
    query: DeviceQuery,
    requestHeaders,
    answers: { 200: { description: "The version.", body: DeviceVersion, headers }, 304: unchanged },
    problems: ["not_found", "rate_limited"],
  },
];
