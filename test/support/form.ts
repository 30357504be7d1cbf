/**
 * How much the tests do. `npm test` runs the short form. CI runs the medium form as well (`npm run verify -- --ci`), and
 * `npm run verify` runs the long form. The environment variable VERIFY selects it: absent, `ci` or `long`.
 */
const form = process.env['VERIFY'];

export const isLong = form === 'long';
/** Tests that start many processes, use a browser on many pages or take seconds are skipped: `it.skipIf(isShort)`. */
export const isShort = form !== 'long' && form !== 'ci';

/** The amount of work in the form that runs. */
export const byForm = <T>(short: T, medium: T, long: T): T => {
  if (isShort) return short;
  return isLong ? long : medium;
};
