import Type, { type Static } from "typebox";

/** Name of a provider, as its operator configured it. */
export const ProviderName = Type.String({ pattern: "^[a-z][a-z0-9-]{0,49}$" });

/** Answer of `GET /v1/oauth`: the providers that developers may sign in with. */
export const OauthProviders = Type.Object({ data: Type.Array(Type.Object({ name: ProviderName })) });

/** Body of the two `:authorize` routes. `redirect_uri` must be one of those configured for the provider. */
export const OauthStart = Type.Object(
  { redirect_uri: Type.String({ maxLength: 500 }) },
  { additionalProperties: false },
);
export type OauthStart = Static<typeof OauthStart>;

/**
 * The URL to send the browser to, and a token that the browser keeps until it comes back. Finishing the flow
 * needs `flow_token`, so that nobody can be signed in by somebody else's link. The token works once, for ten
 * minutes.
 */
export const OauthFlow = Type.Object({ authorization_url: Type.String(), flow_token: Type.String() });
export type OauthFlow = Static<typeof OauthFlow>;

/** Body of the two `:finish` routes. `callback` is the query string that the browser came back with. */
export const OauthFinish = Type.Object(
  { flow_token: Type.String({ maxLength: 100 }), callback: Type.String({ maxLength: 4096 }) },
  { additionalProperties: false },
);
export type OauthFinish = Static<typeof OauthFinish>;
