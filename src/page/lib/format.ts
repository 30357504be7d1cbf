/** Formats numbers, sizes and times for people. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export const count = (n: number): string => whole.format(n);
export const compact = (n: number): string => short.format(n);
export const percent = (share: number): string => `${whole.format(share * 100)} %`;

/** `1 worker`, `2,000 workers`. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(n: number): string {
  const power = n < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(n) / 10));
  const scaled = n / 1024 ** power;
  return `${scaled.toFixed(power > 0 && scaled < 100 ? 1 : 0)} ${UNITS[power] ?? ''}`;
}

/** Milliseconds as `0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${String(rounded % 60).padStart(2, '0')} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `0.42 ms`, `12 ms`. */
export const milliseconds = (n: number): string =>
  `${n === 0 || n >= 9.95 ? count(n) : n.toFixed(n < 0.995 ? 2 : 1)} ms`;

/** `14:03:22.417`, in the time zone of the browser. */
export function timeOfDay(at: number, withMilliseconds = true): string {
  const moment = new Date(at);
  const text = time.format(moment);
  return withMilliseconds ? `${text}.${String(moment.getMilliseconds()).padStart(3, '0')}` : text;
}

export const dateAndTime = (at: number): string => date.format(new Date(at));
export const isoTime = (at: number): string => new Date(at).toISOString();
