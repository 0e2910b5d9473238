import type { Logger } from "@mosis/runtime";
import {
  type AuthenticationCredential,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
  type RegistrationCredential,
} from "@mosis/types/passkeys";
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import type { Static, TObject } from "typebox";
import { hashSecret } from "../../shared/secret-hash.ts";
import { challengeMinutes, type Credential, type Descriptor } from "./queries.ts";

/** The domain and the pages where passkeys are made and used. */
export interface PasskeySettings {
  /**
   * The domain that passkeys belong to. Browsers accept it on its own pages and on those of its subdomains.
   */
  rpId: string;
  /** The origins of the pages that may make and use them. */
  origins: string[];
}

const timeoutMs = challengeMinutes * 60_000;
/**
 * COSE names of EdDSA, ES256 and RS256. Authenticators support these; Windows Hello supports only the last
 * one.
 */
const algorithms = [-8, -7, -257];

/** WebAuthn's two ceremonies: registering a credential, and signing a challenge with one. */
export interface Ceremonies {
  creationOptions(
    developer: { id: string; email: string; name: string },
    excluded: Descriptor[],
  ): Promise<PasskeyCreationOptions["public_key"]>;
  /** Returns null when any part of it is not valid. */
  verifyRegistration(sent: RegistrationCredential, challengeHashes: string[]): Promise<Registered | null>;
  /**
   * Returns the options for a request.
   * @param allowed empty for any passkey that the authenticator finds for us.
   */
  requestOptions(allowed: Descriptor[]): Promise<PasskeyRequestOptions["public_key"]>;
  /** Returns null when any part of it is not valid. */
  verifySignIn(
    sent: AuthenticationCredential,
    by: { passkey: Credential; challengeHash: string; isWhole: boolean },
  ): Promise<{ signCount: number; backedUp: boolean } | null>;
}

interface Registered {
  credentialId: string;
  publicKey: Buffer;
  signCount: number;
  backedUp: boolean;
}

export function createCeremonies(settings: PasskeySettings, { log }: { log: Logger }): Ceremonies {
  /**
   * The library throws an error that says why it refuses. The reason is only logged: every client gets the
   * same answer.
   */
  const unlessRefused: UnlessRefused = async (work) => {
    try {
      return await work();
    } catch (error) {
      log.debug({ err: error }, "A passkey was refused");
      return null;
    }
  };
  return { ...registration(settings, unlessRefused), ...signIn(settings, unlessRefused) };
}

type UnlessRefused = <T>(work: () => Promise<T | null>) => Promise<T | null>;

function registration(
  { rpId, origins }: PasskeySettings,
  unlessRefused: UnlessRefused,
): Pick<Ceremonies, "creationOptions" | "verifyRegistration"> {
  return {
    async creationOptions({ id, email, name }, excluded) {
      const options = await generateRegistrationOptions({
        rpName: "Mosis",
        rpID: rpId,
        userID: userHandleOf(id),
        userName: email,
        userDisplayName: name,
        timeout: timeoutMs,
        attestationType: "none",
        excludeCredentials: excluded.map(descriptorOf),
        authenticatorSelection: { residentKey: "required", userVerification: "preferred" },
        supportedAlgorithmIDs: algorithms,
      });
      return optionsOf(PasskeyCreationOptions.properties.public_key, options);
    },
    verifyRegistration: (sent, challengeHashes) =>
      unlessRefused(async () => {
        if (isCrossOrigin(sent.response.clientDataJSON)) return null;
        const { verified, registrationInfo } = await verifyRegistrationResponse({
          response: { ...sent, clientExtensionResults: {} },
          expectedChallenge: (challenge) => challengeHashes.includes(hashSecret(challenge)),
          expectedOrigin: origins,
          expectedRPID: rpId,
          requireUserVerification: false,
          supportedAlgorithmIDs: algorithms,
        });
        if (!verified) return null;
        const { credential, credentialBackedUp } = registrationInfo;
        if (credential.id !== sent.id) return null;
        return {
          credentialId: credential.id,
          publicKey: Buffer.from(credential.publicKey),
          signCount: credential.counter,
          backedUp: credentialBackedUp,
        };
      }),
  };
}

function signIn(
  { rpId, origins }: PasskeySettings,
  unlessRefused: UnlessRefused,
): Pick<Ceremonies, "requestOptions" | "verifySignIn"> {
  return {
    async requestOptions(allowed) {
      const options = await generateAuthenticationOptions({
        rpID: rpId,
        timeout: timeoutMs,
        allowCredentials: allowed.map(descriptorOf),
        userVerification: allowed.length === 0 ? "required" : "preferred",
      });
      return optionsOf(PasskeyRequestOptions.properties.public_key, { allowCredentials: [], ...options });
    },
    verifySignIn: (sent, { passkey, challengeHash, isWhole }) =>
      unlessRefused(async () => {
        const { clientDataJSON, userHandle } = sent.response;
        if (isCrossOrigin(clientDataJSON)) return null;
        // When only the passkey signs in, the account is known only from the user handle (WebAuthn §7.2 step
        // 6).
        if (!userHandle && isWhole) return null;
        if (userHandle && !Buffer.from(userHandle, "base64url").equals(userHandleOf(passkey.developer_id))) {
          return null;
        }
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          response: { ...sent, clientExtensionResults: {} } as AuthenticationResponseJSON,
          expectedChallenge: (challenge) => hashSecret(challenge) === challengeHash,
          expectedOrigin: origins,
          expectedRPID: rpId,
          credential: {
            id: passkey.credential_id,
            publicKey: new Uint8Array(passkey.public_key),
            counter: passkey.sign_count,
          },
          requireUserVerification: isWhole,
        });
        if (!verified) return null;
        const { newCounter, credentialBackedUp } = authenticationInfo;
        return { signCount: newCounter, backedUp: credentialBackedUp };
      }),
  };
}

/** Returns the options that the contract has. Extensions and hints that the library adds are not used. */
function optionsOf<T extends TObject>(schema: T, options: object): Static<T> {
  const named = Object.entries(options).filter(([name]) => name in schema.properties);
  return Object.fromEntries(named) as Static<T>;
}

/** Returns the id of the developer in 16 bytes, which is opaque, as WebAuthn §14.6.1 asks for. */
function userHandleOf(developerId: string) {
  return new Uint8Array(Buffer.from(developerId.replaceAll("-", ""), "hex"));
}

function descriptorOf({ credential_id, transports }: Descriptor) {
  return { id: credential_id, transports } as { id: string };
}

/**
 * Returns true when the page was in a frame of another site, which ours never are. The library accepts that
 * when the browser does not name the frame.
 */
function isCrossOrigin(clientDataJson: string): boolean {
  const data = JSON.parse(Buffer.from(clientDataJson, "base64url").toString("utf8")) as unknown;
  return typeof data === "object" && data !== null && "crossOrigin" in data && data.crossOrigin === true;
}
