import { problem } from "@mosis/http";
import type { Pool, Queryable } from "@mosis/postgres";
import type { OauthFinish, OauthFlow, OauthStart } from "@mosis/types/oauth";
import { everyone } from "../../access/principal.ts";
import { isProviderName } from "../../shared/identifier.ts";
import { hashSecret } from "../../shared/secret-hash.ts";
import { isFlowToken, newFlowToken } from "./flow.ts";
import type { Identity, Providers } from "./providers.ts";
import { deleteFlow, insertFlow } from "./queries.ts";

/** The developer whose account is to be linked; null for signing in. */
type ForWhom = string | null;

/** The two halves of a flow. Between them the browser is with the provider. */
export interface Flows {
  /**
   * May send a request to the provider, so call it outside a transaction.
   * @throws as `Providers.authorizationUrl`.
   */
  begin: (provider: string, body: OauthStart) => Promise<OauthFlow>;
  /** Stores the flow, which can be finished from then on. */
  save: (
    tx: Queryable,
    flow: OauthFlow,
    by: { provider: string; body: OauthStart; forWhom: ForWhom },
  ) => Promise<unknown>;
  /**
   * Finishes a flow.
   * @throws Problem `token_invalid` (422), and as `Providers.identify`.
   */
  finish: (provider: string, body: OauthFinish, forWhom: ForWhom) => Promise<Identity>;
}

export function createFlows(deps: { db: Pool; providers: Providers }): Flows {
  const { providers } = deps;
  const db = deps.db.as(everyone);
  return {
    async begin(provider, { redirect_uri }) {
      const flow_token = newFlowToken();
      const authorization_url = await providers.authorizationUrl(provider, redirect_uri, flow_token);
      return { authorization_url, flow_token };
    },
    save: (tx, { flow_token }, { provider, body, forWhom }) =>
      insertFlow(tx, {
        tokenHash: hashSecret(flow_token),
        provider,
        redirectUri: body.redirect_uri,
        developerId: forWhom,
      }),
    async finish(provider, { flow_token, callback }, developerId) {
      // The flow is used up before the provider is asked: it ends once, successfully or not.
      const flow =
        isProviderName(provider) && isFlowToken(flow_token)
          ? await deleteFlow(db, { tokenHash: hashSecret(flow_token), provider, developerId })
          : null;
      if (!flow) {
        throw problem(
          "token_invalid",
          "The flow is unknown, was finished or has taken too long: start again.",
        );
      }
      const { redirect_uri: redirectUri } = flow;
      return providers.identify(provider, { redirectUri, flowToken: flow_token, callback });
    },
  };
}
