import type { Admin } from "kafkajs";

/** A connection to ask the brokers something. */
export interface Questions {
  /** @throws Error after `close`. */
  ask<T>(question: (admin: Admin) => Promise<T>): Promise<T>;
  /** Waits for the answers that are under way. */
  close(): Promise<void>;
}

/**
 * kafkajs connects anew for a question that is under way while its connection is closed, and nobody closes
 * that one: the process would never end. So the connection is closed behind the last answer.
 */
export function openQuestions(admin: Admin): Questions {
  const underWay = new Set<Promise<unknown>>();
  let isClosed = false;
  return {
    async ask(question) {
      if (isClosed) throw new Error("The connection to Kafka is closed");
      const answer = question(admin);
      underWay.add(answer);
      try {
        return await answer;
      } finally {
        underWay.delete(answer);
      }
    },
    async close() {
      isClosed = true;
      // Whoever asked hears of a failure.
      await Promise.allSettled(underWay);
      await admin.disconnect();
    },
  };
}
