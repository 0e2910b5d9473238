import { isOutboxTopic, topics, type Topic } from "@mosis/types/topics";
import type { AclEntry, AclFilter, AclOperationTypes, Admin } from "kafkajs";
import { connectTo, kafkajs, type KafkaConfig, wireName } from "./cluster.ts";
import { connectAll } from "./connect.ts";
import { retried } from "./retried.ts";

/**
 * `infra/kafka/acls.json`: user → its grants. Everything else is refused. The users of a cluster have these
 * names; each is the name of a process.
 */
export type AclSpecs = Record<string, AclSpec>;

interface AclSpec {
  /** Topics that it may write. */
  write: string[];
  /** Topics that it may read. */
  read: string[];
  /** Groups that it may read as. A name that ends with `*` matches all groups with that prefix. */
  join: string[];
  /** Groups whose position it may ask for. */
  watch?: string[];
}

export interface AclChanges {
  created: number;
  removed: number;
  /** Unknown users that may write to a topic of the catalog. */
  strangers: string[];
}

/**
 * Makes the grants of our users on our topics and groups match the spec: adds missing grants, removes those
 * that it does not name. Grants of other users stay, and are reported.
 * @returns null on a cluster without an authorizer, where everybody may do everything.
 */
export async function ensureAcls(config: KafkaConfig, specs: AclSpecs): Promise<AclChanges | null> {
  const admin = connectTo(config).admin({ retry: { retries: 8, initialRetryTime: 200, maxRetryTime: 2000 } });
  await connectAll(config, [admin]);
  try {
    const wanted = Object.entries(specs).flatMap(([user, spec]) => grantsOf(config, user, spec));
    const differences = async () => {
      const present = await describe(admin, { resourcePatternType: any });
      const [names, known] = [new Set(wanted.map(nameOf)), new Set(present.map(nameOf))];
      return {
        missing: wanted.filter((acl) => !known.has(nameOf(acl))),
        superfluous: present.filter((acl) => isOurs(acl, config, specs) && !names.has(nameOf(acl))),
      };
    };
    const { missing, superfluous } = await differences();
    if (missing.length > 0) await admin.createAcls({ acl: missing });
    if (superfluous.length > 0) await admin.deleteAcls({ filters: superfluous });
    // The broker learns of a grant a moment after its controller; the next process to start must not be
    // refused.
    await retried(async () => {
      const left = await differences();
      if (left.missing.length + left.superfluous.length > 0) throw new NotInForceYet();
    });
    return {
      created: missing.length,
      removed: superfluous.length,
      strangers: await findStrangers(admin, config, specs),
    };
  } catch (error) {
    if (isWithoutAuthorizer(error)) return null;
    throw error;
  } finally {
    await admin.disconnect();
  }
}

/** Temporary, like the errors that kafkajs calls retriable. */
class NotInForceYet extends Error {
  override readonly message = "The broker does not know all its ACLs yet";
  readonly retriable = true;
}

const { TOPIC, GROUP, ANY: anyResource } = kafkajs.AclResourceTypes;
const { READ, WRITE, DESCRIBE, ALL, ANY: anyOperation } = kafkajs.AclOperationTypes;
const { LITERAL, PREFIXED, MATCH, ANY: any } = kafkajs.ResourcePatternTypes;
const { ALLOW } = kafkajs.AclPermissionTypes;

/**
 * Returns the grants of a user. A user that may write or read a topic may describe it; one that may join a
 * group may ask for its position.
 */
function grantsOf(config: KafkaConfig, user: string, { write, read, join, watch = [] }: AclSpec): AclEntry[] {
  const grant = { principal: `User:${user}`, host: "*", permissionType: ALLOW };
  const onTopics = (names: string[], operation: AclOperationTypes) =>
    names.map((name) => ({
      ...grant,
      operation,
      resourceType: TOPIC,
      resourcePatternType: LITERAL,
      resourceName: wireName(config, name as Topic),
    }));
  const onGroups = (names: string[], operation: AclOperationTypes) =>
    names.map((name) => ({
      ...grant,
      operation,
      resourceType: GROUP,
      resourcePatternType: name.endsWith("*") ? PREFIXED : LITERAL,
      resourceName: `${config.topicPrefix}${name.replace(/\*$/, "")}`,
    }));
  return [
    ...onTopics(write, WRITE),
    ...onTopics(read, READ),
    ...onGroups(join, READ),
    ...onGroups(watch, DESCRIBE),
  ];
}

/**
 * Returns true for a grant to one of our users on one of our topics, which another version or a person has
 * made.
 */
function isOurs(acl: AclEntry, config: KafkaConfig, specs: AclSpecs): boolean {
  const isOurUser = Object.keys(specs).some((user) => acl.principal === `User:${user}`);
  const isOurTopic = Object.values(topics).some((topic) => acl.resourceName === wireName(config, topic));
  return isOurUser && isOurTopic && acl.resourceType === TOPIC && acl.permissionType === ALLOW;
}

/** Also finds grants by a pattern, such as `*`, which a query for the grants of one topic would not show. */
async function findStrangers(admin: Admin, config: KafkaConfig, specs: AclSpecs): Promise<string[]> {
  const strangers = new Set<string>();
  for (const topic of Object.values(topics).filter(isOutboxTopic)) {
    const matching = await describe(admin, {
      resourceType: TOPIC,
      resourcePatternType: MATCH,
      resourceName: wireName(config, topic),
    });
    for (const { principal, operation, permissionType } of matching) {
      const mayWrite = permissionType === ALLOW && (operation === WRITE || operation === ALL);
      const spec = specs[principal.replace(/^User:/, "")];
      if (mayWrite && !spec?.write.includes(topic)) strangers.add(principal);
    }
  }
  return [...strangers].toSorted();
}

async function describe(
  admin: Admin,
  filter: Pick<AclFilter, "resourcePatternType"> & Partial<AclFilter>,
): Promise<AclEntry[]> {
  const { resources } = await admin.describeAcls({
    resourceType: anyResource,
    operation: anyOperation,
    permissionType: kafkajs.AclPermissionTypes.ANY,
    ...filter,
  });
  return resources.flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
    acls.map((acl) => ({ ...acl, resourceType, resourceName, resourcePatternType })),
  );
}

function nameOf(acl: AclEntry): string {
  const { principal, host, operation, permissionType, resourceType, resourceName, resourcePatternType } = acl;
  return [principal, host, operation, permissionType, resourceType, resourcePatternType, resourceName].join(
    " ",
  );
}

function isWithoutAuthorizer(error: unknown): boolean {
  return (error as { type?: unknown }).type === "SECURITY_DISABLED";
}
