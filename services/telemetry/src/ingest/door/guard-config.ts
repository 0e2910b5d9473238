import { integer } from "@mosis/runtime";
import { type AddressShareLimits, shareDefaults } from "../judging/quota/address-shares.ts";
import { type WasteLimits, wasteDefaults } from "./waste.ts";

/** How much of ingest, and of an app, whoever has a public key may use up. */
export const guardVariables = {
  INGEST_ADDRESS_WASTE_MS: integer({
    about: "Milliseconds of CPU a second that an address may cost for requests that are refused.",
    min: 1,
    max: 1_000_000,
    default: wasteDefaults.addressMsPerSecond,
  }),
  INGEST_KEY_WASTE_MS: integer({
    about: "The same for a key, from all addresses; beyond it addresses wait that have a part in it.",
    min: 1,
    max: 1_000_000,
    default: wasteDefaults.keyMsPerSecond,
  }),
  INGEST_ADDRESS_RATE_PERCENT: integer({
    about: "The part of an app's events a second that one address may send with an ingest key.",
    min: 1,
    max: 100,
    default: shareDefaults.ratePercent,
  }),
  INGEST_ADDRESS_DAY_PERCENT: integer({
    about: "The part of an app's day that an address may send with an ingest key once half the day is used.",
    min: 1,
    max: 100,
    default: shareDefaults.dayPercent,
  }),
  INGEST_REFUSED_PERCENT: integer({
    about: "Events that may be refused, in percent of an app's day; they do not count against the day.",
    min: 1,
    max: 100,
    default: shareDefaults.refusedPercent,
  }),
};

type Values = Record<keyof typeof guardVariables, number>;

export function guardLimits(values: Values): { waste: WasteLimits; addressShares: AddressShareLimits } {
  return {
    waste: {
      addressMsPerSecond: values.INGEST_ADDRESS_WASTE_MS,
      keyMsPerSecond: values.INGEST_KEY_WASTE_MS,
    },
    addressShares: {
      ratePercent: values.INGEST_ADDRESS_RATE_PERCENT,
      dayPercent: values.INGEST_ADDRESS_DAY_PERCENT,
      refusedPercent: values.INGEST_REFUSED_PERCENT,
    },
  };
}
