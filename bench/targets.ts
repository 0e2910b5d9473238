// The figures to reach on two cores. The report shows them, and they are never a reason to fail: a busy
// machine is not a bug.

export interface Target {
  figure: string;
  better: "more" | "less";
  must: number;
  /** The figure to aim at; null when nothing beyond the must is aimed at. */
  aim: number | null;
}

export const targets: Readonly<Record<string, readonly Target[]>> = {
  ingest: [{ figure: "ingest_events_per_cpu_second", better: "more", must: 250_000, aim: 400_000 }],
  "ingest-single": [{ figure: "ingest_requests_per_cpu_second", better: "more", must: 18_000, aim: 28_000 }],
  "end-to-end": [{ figure: "all_cpu_us_per_event", better: "less", must: 6, aim: 4 }],
  naive: [{ figure: "times_less_cpu_than_naive", better: "more", must: 5, aim: 12 }],
  bytes: [{ figure: "bytes_per_event", better: "less", must: 28, aim: 20 }],
  "key-check": [{ figure: "key_check_cpu_us", better: "less", must: 150, aim: 60 }],
  otlp: [{ figure: "otlp_ingest_cpu_us_per_event", better: "less", must: 5, aim: 3 }],
  sustained: [
    { figure: "events_per_second", better: "more", must: 100_000, aim: 150_000 },
    { figure: "lag_growth_percent_of_rate", better: "less", must: 1, aim: null },
    { figure: "freshness_ms_p95", better: "less", must: 5_000, aim: null },
  ],
  catalog: [
    { figure: "developer_by_email_db_ms_p99", better: "less", must: 2, aim: 1 },
    { figure: "app_db_ms_p99", better: "less", must: 2, aim: 1 },
    { figure: "app_http_ms_p99", better: "less", must: 5, aim: 3 },
    { figure: "apps_of_developer_db_ms_p99", better: "less", must: 3, aim: 1 },
    { figure: "apps_of_developer_http_ms_p99", better: "less", must: 8, aim: 4 },
    { figure: "search_db_ms_p99", better: "less", must: 10, aim: 5 },
    { figure: "search_http_ms_p99", better: "less", must: 20, aim: 12 },
    { figure: "key_check_cpu_us", better: "less", must: 150, aim: 60 },
    { figure: "app_per_api_cpu_second", better: "more", must: 6_000, aim: 12_000 },
    { figure: "app_times_less_cpu_than_obvious", better: "more", must: 10, aim: 50 },
    { figure: "apps_of_developer_times_less_cpu_than_obvious", better: "more", must: 10, aim: 50 },
    { figure: "search_times_less_cpu_than_obvious", better: "more", must: 10, aim: 50 },
  ],
  anonymous: [{ figure: "anonymous_cpu_us_max", better: "less", must: 1000, aim: null }],
  connections: [{ figure: "p99_times", better: "less", must: 2, aim: null }],
  overload: [
    { figure: "ingest_rss_mb_max", better: "less", must: 400, aim: null },
    { figure: "writer_rss_mb_max", better: "less", must: 400, aim: null },
  ],
};

export function isMet({ better, must, aim }: Target, value: number): "aim met" | "met" | "NOT MET" {
  const reaches = (limit: number) => (better === "more" ? value >= limit : value <= limit);
  if (!reaches(must)) return "NOT MET";
  return aim !== null && reaches(aim) ? "aim met" : "met";
}
