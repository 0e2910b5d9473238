/** The largest body that the catalog accepts; none needs more. */
export const bodyLimit = { bytesMax: 65_536 } as const;

/** The largest body of a request without credentials: it is parsed before its sender is known. */
export const anonymousBodyLimit = { bytesMax: 16_384 } as const;

/** The largest report of leaked keys: up to a hundred keys, each with the URL where it was found. */
export const leakReportLimit = { bytesMax: 32_768 } as const;
