/** No body of the catalog needs more. */
export const bodyLimit = { bytesMax: 65_536 } as const;
