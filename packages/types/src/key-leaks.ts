import Type, { type Static } from "typebox";
import { Label, Nullable } from "./formats.ts";

/**
 * Body of `POST /v1/keys:report-leak`, in the format in which GitHub's secret scanning reports what it has
 * found. Fields that are not named here are ignored.
 */
export const LeakReport = Type.Array(
  Type.Object({
    /** The secret of a key, as it was found. */
    token: Type.String({ minLength: 1, maxLength: 512 }),
    /** The place where the secret was found. The owner of the key sees it, without the secret. */
    url: Type.Optional(Nullable(Label(2048))),
  }),
  { minItems: 1, maxItems: 100 },
);
export type LeakReport = Static<typeof LeakReport>;

/** Answer of `POST /v1/keys:report-leak`. It is the same whether or not a secret is one of ours. */
export const LeakReportReceived = Type.Object({ received: Type.Integer() });
export type LeakReportReceived = Static<typeof LeakReportReceived>;
