/** Whoever sends a request, beside whom it is meant for. */
export type Who =
  | "owner"
  | "ownerKey"
  | "other"
  | "reviewer"
  | "ingest"
  | "otherApp"
  | "expired"
  | "revoked"
  | "anonymous";

/** As much of an answer as later steps need. */
interface Answer {
  id: string;
  data?: { id: string }[];
}

/** One request of a life of an app, in its order. It is sent by everybody else before it succeeds. */
export interface Step {
  /** Of the operation. */
  id: string;
  /** What it is answered when it is sent by whom it is meant for. */
  status: number;
  params?: Params | (() => Params);
  query?: string;
  body?: (who: Who) => object;
  /** Exact answers of those who may send it, but get another than "missing" or the same. */
  others?: Partial<Record<Who, number>>;
  /** It changes something without credentials, so it is sent once. */
  once?: true;
  keep?: (answer: Answer) => void;
}

type Params = Record<string, string>;
export type Detail = Omit<Step, "id" | "status">;

export function step(id: string, status: number, detail: Detail = {}): Step {
  return { id, status, ...detail };
}

/** Ids from answers, for the paths of later steps. */
export function createFound() {
  const ids = new Map<string, string>();
  return {
    keep: (name: string) => (answer: Answer) => {
      ids.set(name, answer.id ?? answer.data?.[0]?.id ?? "");
    },
    /** Read when the step is taken. */
    one: (name: string) => () => ({ id: ids.get(name) ?? "" }),
  };
}
export type Found = ReturnType<typeof createFound>;
