import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';

const LIBRARIES = '/usr/lib';

/** The library that makes a process see another time of day. */
export const FAKETIME = readdirSync(LIBRARIES)
  .map((folder) => `${LIBRARIES}/${folder}/faketime/libfaketimeMT.so.1`)
  .find((file) => existsSync(file));

/** Clocks of servers, each of which may be wrong. Only the time of day is; timers go on as always. */
export class Clocks {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #file(host: string): string {
    return `${this.#folder}/clock-${host}`;
  }

  /** From now on the clock of a server is wrong by so many seconds, also if the server runs. */
  set(host: string, seconds: number): void {
    const file = this.#file(host);
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${file}.new`, file);
  }

  /** Environment variables of a server with this clock. */
  env(host: string): Readonly<Record<string, string>> {
    if (FAKETIME === undefined) throw new Error('libfaketime is not installed');
    return {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: this.#file(host),
      // Seconds after which it reads the file again.
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }
}
