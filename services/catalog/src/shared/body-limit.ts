/** No body of the catalog needs more. */
export const bodyLimit = { bytesMax: 65_536 } as const;

/** Of a request that nobody has signed: what is in it is parsed before anything is known of its sender. */
export const anonymousBodyLimit = { bytesMax: 16_384 } as const;

/** Of a report of leaked keys, which has up to a hundred and where each was found. */
export const leakReportLimit = { bytesMax: 32_768 } as const;
