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
  /** Default standard output. */
  destination?: { write(line: string): void };
}

/**
 * JSON lines on standard output: `{"level":"info","time":"…","service":"…","msg":"…"}`.
 * A message reads alone and carries its fields; secrets, bodies and install ids never belong into one.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options: PinoOptions = {
    level,
    base: { service, pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: stdSerializers.err },
    // The last wall against a secret in a log: nobody should log these in the first place.
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
