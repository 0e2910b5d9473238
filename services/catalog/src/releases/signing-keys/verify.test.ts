import assert from "node:assert/strict";
import { constants, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { isSignedBy } from "./verify.ts";

const digest = randomBytes(32);
const ed = generateKeyPairSync("ed25519");
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 3072 });
const pemOf = (key: KeyObject) => key.export({ type: "spki", format: "pem" });
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING };

const signatures: [string, string, Buffer][] = [
  ["Ed25519", pemOf(ed.publicKey), sign(null, digest, ed.privateKey)],
  ["ECDSA in DER", pemOf(ec.publicKey), sign("sha256", digest, ec.privateKey)],
  [
    "ECDSA as P1363",
    pemOf(ec.publicKey),
    sign("sha256", digest, { key: ec.privateKey, dsaEncoding: "ieee-p1363" }),
  ],
  ["PKCS #1 v1.5", pemOf(rsa.publicKey), sign("sha256", digest, rsa.privateKey)],
  ...[0, 32, 64].map((saltLength): [string, string, Buffer] => [
    `PSS with ${saltLength}`,
    pemOf(rsa.publicKey),
    sign("sha256", digest, { key: rsa.privateKey, ...pss, saltLength }),
  ]),
];

test("a signature of every kind verifies, and its longest text fits where it is stored", () => {
  for (const [name, key, bytes] of signatures) {
    const text = bytes.toString("base64");
    assert.ok(isSignedBy(key, digest, text), name);
    assert.ok(text.length <= 512, name);
  }
});

test("another key, another digest and any other byte do not verify", () => {
  const others = [
    generateKeyPairSync("ed25519"),
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
    generateKeyPairSync("rsa", { modulusLength: 3072 }),
  ].map(({ publicKey }) => pemOf(publicKey));
  for (const [name, key, bytes] of signatures) {
    const text = bytes.toString("base64");
    for (const other of others) assert.ok(!isSignedBy(other, digest, text), name);
    for (let at = 0; at < 32; at++) {
      const tampered = Buffer.from(digest);
      tampered[at] = (tampered[at] ?? 0) ^ 1;
      assert.ok(!isSignedBy(key, tampered, text), name);
    }
    for (let at = 0; at < bytes.length; at++) {
      const tampered = Buffer.from(bytes);
      tampered[at] = (tampered[at] ?? 0) ^ 0x40;
      assert.ok(!isSignedBy(key, digest, tampered.toString("base64")), `${name}, byte ${at}`);
    }
    for (const message of [Buffer.alloc(0), digest.subarray(0, 31), Buffer.concat([digest, digest])]) {
      assert.ok(!isSignedBy(key, message, text), name);
    }
  }
});

test("base64 that is not what an encoder writes is no signature", () => {
  for (const [name, key, bytes] of signatures) {
    const text = bytes.toString("base64");
    const url = text.replaceAll("+", "-").replaceAll("/", "_");
    const spoilt = [
      "",
      "=",
      `${text}=`,
      `${text}\n`,
      ` ${text}`,
      `${text.slice(0, 8)} ${text.slice(8)}`,
      "ß",
    ];
    for (const wrong of [...spoilt, `${text}AAAA`, text.slice(0, -4), bytes.toString("hex")]) {
      assert.ok(!isSignedBy(key, digest, wrong), name);
    }
    if (url !== text) assert.ok(!isSignedBy(key, digest, url), name);
  }
});

test("odd DER is no signature, and breaks nothing", () => {
  const key = pemOf(ec.publicKey);
  const der = sign("sha256", digest, ec.privateKey);
  const sequence = (...parts: number[][]) => Buffer.from([0x30, parts.flat().length, ...parts.flat()]);
  const zero = [0x02, 0x01, 0x00];
  const odd = [
    Buffer.alloc(0),
    Buffer.from([0x30, 0x00]),
    sequence(zero, zero),
    sequence([0x02, 0x00], [0x02, 0x00]),
    sequence([0x02, 0x01, 0x81], zero),
    Buffer.from([0x30, 0x80, ...zero, ...zero, 0x00, 0x00]),
    Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
    Buffer.alloc(64),
    Buffer.alloc(64, 0xff),
    Buffer.alloc(384, 0x30),
    Buffer.concat([der, Buffer.from([0])]),
    der.subarray(0, -1),
  ];
  for (const bytes of odd)
    assert.ok(!isSignedBy(key, digest, bytes.toString("base64")), bytes.toString("hex"));
});

test("no bytes make it throw", () => {
  const keys = [ed, ec, rsa].map(({ publicKey }) => pemOf(publicKey));
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("base64")),
    fc.string({ maxLength: 512 }),
  );
  fc.assert(
    fc.property(text, (signature) => keys.every((key) => !isSignedBy(key, digest, signature))),
    { numRuns: 300 },
  );
});
