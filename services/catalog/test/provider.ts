import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import Provider from "oidc-provider";
import type { ProviderSettings } from "../src/sign-in/oauth/settings.ts";

/** What the provider says of somebody; the id is what they sign in with there. */
export type Accounts = Record<string, Record<string, string | boolean>>;

const redirectUri = "http://127.0.0.1/signed-in";

/** A real OpenID provider, with pages to sign in and to consent, for which this is the browser. */
export async function startProvider(t: TestContext, accounts: Accounts, name = "example") {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client_secret = "the secret that the provider has given us";
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "mosis",
        client_secret,
        redirect_uris: [redirectUri],
        application_type: "native",
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["a key of the tests"] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  });
  const handle = provider.callback();
  let prefix = "";
  let discoveries = 0;
  server.on("request", (req: IncomingMessage & { originalUrl?: string }, res) => {
    const target = req.url ?? "";
    const isDiscovery = target.startsWith("/.well-known/");
    if (isDiscovery) discoveries++;
    if (prefix !== "" && !isDiscovery && !target.startsWith(prefix)) {
      res.writeHead(404).end("It has moved.");
      return;
    }
    // The provider finds out from the two where it is mounted, and names its endpoints by that.
    req.originalUrl = isDiscovery ? prefix + target : target;
    if (!isDiscovery) req.url = target.slice(prefix.length);
    void handle(req, res);
  });
  const settings: ProviderSettings = {
    name,
    issuer,
    client_id: "mosis",
    client_secret,
    redirect_uris: [redirectUri],
  };
  /** From now on every endpoint is elsewhere, and the document says so. */
  const move = (to: string) => (prefix = to);
  return { settings, redirectUri, visit, move, discoveries: () => discoveries };
}

const stepsMax = 12;

/** What the browser does, until it comes back with a query string. */
async function visit(authorizationUrl: string, login: string): Promise<string> {
  const cookies = new Map<string, string>();
  let url = new URL(authorizationUrl);
  let form: URLSearchParams | null = null;
  for (let step = 0; step < stepsMax; step++) {
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") };
    const request = form ? { method: "POST", body: form, headers } : { headers };
    const answer: Response = await fetch(url, { ...request, redirect: "manual" });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const page = await answer.text();
    const location = answer.headers.get("location");
    if (location?.startsWith(redirectUri)) return new URL(location).search;
    if (location !== null) {
      url = new URL(location, url);
      form = null;
      continue;
    }
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? assert.fail(page);
    form = new URLSearchParams({ prompt, login, password: "any" });
  }
  return assert.fail("the provider does not come to an end");
}
