import Type, { type Static } from "typebox";

/** Name of a provider, as its operator has configured it. */
export const ProviderName = Type.String({ pattern: "^[a-z][a-z0-9-]{0,49}$" });

/** Answer of `GET /v1/oauth`: whom one may sign in with. */
export const OauthProviders = Type.Object({ data: Type.Array(Type.Object({ name: ProviderName })) });

/** Body of the two `:authorize` routes. `redirect_uri` is one of those configured for the provider. */
export const OauthStart = Type.Object(
  { redirect_uri: Type.String({ maxLength: 500 }) },
  { additionalProperties: false },
);
export type OauthStart = Static<typeof OauthStart>;

/**
 * Where to send the browser, and what to keep in it until it comes back: whoever finishes the flow has to
 * have `flow_token`, so that nobody is signed in by a link of somebody else. It works once, for ten minutes.
 */
export const OauthFlow = Type.Object({ authorization_url: Type.String(), flow_token: Type.String() });
export type OauthFlow = Static<typeof OauthFlow>;

/** Body of the two `:finish` routes. `callback` is the query string that the browser came back with. */
export const OauthFinish = Type.Object(
  { flow_token: Type.String({ maxLength: 100 }), callback: Type.String({ maxLength: 4096 }) },
  { additionalProperties: false },
);
export type OauthFinish = Static<typeof OauthFinish>;
