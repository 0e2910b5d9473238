import {
  type Logger as PinoLogger,
  type LoggerOptions as PinoOptions,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from "pino";

export type Logger = PinoLogger;

interface LoggerOptions {
  service: string;
  level: string;
  /** The output for lines. Default standard output. */
  destination?: { write(line: string): void };
}

/**
 * Creates a logger that writes JSON lines to standard output:
 * `{"level":"info","time":"…","service":"…","msg":"…"}`. A message can be read without context and carries
 * its fields. It must never contain secrets, bodies or install ids.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options: PinoOptions = {
    level,
    base: { service, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: stdSerializers.err },
    // This is the last defence against a secret in a log; no code should log one in the first place.
    redact: [
      "authorization",
      "password",
      "secret",
      "token",
      "*.authorization",
      "*.password",
      "*.secret",
      "*.token",
    ],
  };
  return destination ? pino(options, destination) : pino(options);
}
