import { ProviderName } from "@mosis/types/oauth";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";

/**
 * An OpenID Connect provider, as its operator has registered us with it. `redirect_uris` are the pages of the
 * portal that browsers may come back to, without a query.
 */
const ProviderSettings = Type.Object(
  {
    name: ProviderName,
    issuer: Type.String(),
    client_id: Type.String({ minLength: 1 }),
    client_secret: Type.String({ minLength: 1 }),
    redirect_uris: Type.Array(Type.String({ maxLength: 500 }), { minItems: 1 }),
  },
  { additionalProperties: false },
);
export type ProviderSettings = Static<typeof ProviderSettings>;

const list = Compile(Type.Array(ProviderSettings));

/**
 * Reads the providers from JSON.
 * @throws Error that says what is wrong, and repeats no secret.
 */
export function readProviders(text: string): ProviderSettings[] {
  const providers = listOf(text);
  for (const { name, issuer, redirect_uris } of providers) {
    if (!isSafe(issuer)) throw new Error(`must have an issuer with https for ${name}`);
    const isPage = (uri: string) => isSafe(uri) && !/[?#]/.test(uri);
    if (!redirect_uris.every(isPage)) {
      throw new Error(`must have redirect_uris with https and without a query for ${name}`);
    }
  }
  if (new Set(providers.map(({ name }) => name)).size < providers.length) {
    throw new Error("must name each provider once");
  }
  return providers;
}

function listOf(text: string): ProviderSettings[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message repeats the text, which contains a secret.
    throw new Error("must be JSON");
  }
  if (list.Check(value)) return value;
  const [fault] = list.Errors(value);
  throw new Error(`must be a list of providers: ${fault?.instancePath} ${fault?.message}`);
}

/** Returns true for https, and for plain http to this machine. */
function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === "https:" || (protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname))
  );
}
