import type { Admin } from "kafkajs";

/** A connection for questions to the brokers. */
export interface Questions {
  /**
   * Asks a question.
   * @throws Error after `close`.
   */
  ask<T>(question: (admin: Admin) => Promise<T>): Promise<T>;
  /** Waits for the answers that are under way. */
  close(): Promise<void>;
}

/**
 * Closes a connection only behind its last answer. kafkajs connects again for a question that is under way
 * while its connection is closed, and nothing closes that second connection: the process would never end.
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
      // The caller gets a failure itself.
      await Promise.allSettled(underWay);
      await admin.disconnect();
    },
  };
}
