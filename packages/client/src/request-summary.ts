/**
 * One answered HTTP request. `route` is the pattern (`/v1/apps/{package_id}`), never the path with its ids.
 */
export interface RequestSample {
  method: string;
  route: string;
  status: number;
  duration_ms: number;
}

interface Sum {
  sample: RequestSample;
  count: number;
  durationMs: number;
  durationMsMax: number;
}

/**
 * The largest number of different (method, route, status) groups in one interval; further ones are counted as
 * `other`.
 */
const groupsMax = 100;

/** Sums up the requests of one interval, so that a busy server reports as much as an idle one. */
export class RequestSummary {
  #groups = new Map<string, Sum>();

  add(sample: RequestSample): void {
    const group = this.#groupOf(sample);
    group.count++;
    group.durationMs += sample.duration_ms;
    if (sample.duration_ms > group.durationMsMax) group.durationMsMax = sample.duration_ms;
  }

  /** Returns all sums and resets them: the mean as the event's duration, the rest as its properties. */
  take(): { durationMs: number; properties: Record<string, string | number> }[] {
    const groups = [...this.#groups.values()];
    this.#groups = new Map();
    return groups.map(({ sample, count, durationMs, durationMsMax }) => ({
      durationMs: Math.round(durationMs / count),
      properties: {
        method: sample.method,
        route: sample.route,
        status: sample.status,
        count,
        duration_ms_mean: round(durationMs / count),
        duration_ms_max: round(durationMsMax),
      },
    }));
  }

  #groupOf(sample: RequestSample): Sum {
    const key = `${sample.status} ${sample.method} ${sample.route}`;
    const known = this.#groups.get(key);
    if (known) return known;
    if (this.#groups.size >= groupsMax && sample.route !== "other") {
      return this.#groupOf({ ...sample, method: "any", route: "other", status: 0 });
    }
    const group = { sample, count: 0, durationMs: 0, durationMsMax: 0 };
    this.#groups.set(key, group);
    return group;
  }
}

/** Rounds to a microsecond: more digits are noise and compress badly. */
function round(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000;
}
