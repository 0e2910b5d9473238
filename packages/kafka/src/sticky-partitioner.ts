import type { ICustomPartitioner, Message } from "kafkajs";

/**
 * Gives a record the partition that it got at the first try of its send. kafkajs asks at every try, and sends
 * again only to brokers that have not answered: a record without a key that changed its partition between two
 * tries would be sent nowhere, or twice.
 */
export function createStickyPartitioner(inner: ICustomPartitioner): {
  create: ICustomPartitioner;
  /** Returns the partition of a record whose send was begun. */
  partitionOf: (record: Message) => number | undefined;
} {
  const chosen = new WeakMap<Message, number>();
  return {
    create() {
      const choose = inner();
      return (question) => {
        const { message } = question;
        if (message.partition !== undefined) return message.partition;
        const partition = chosen.get(message) ?? choose(question);
        chosen.set(message, partition);
        return partition;
      };
    },
    partitionOf: (record) => record.partition ?? chosen.get(record),
  };
}
