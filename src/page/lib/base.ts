/** Where the page is: '', or the folder that a proxy gives it, such as `/cluster`. */
export const BASE = baseOf(import.meta.url);

/** @param script the address of the script of the page, which lies in the folder `assets` */
export function baseOf(script: string): string {
  const { protocol, pathname } = new URL(script);
  const at = pathname.lastIndexOf('/assets/');
  // Elsewhere are the tests.
  return protocol.startsWith('http') && at > 0 ? pathname.slice(0, at) : '';
}
