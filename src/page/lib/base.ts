/** The path of the page: '', or the folder under which a proxy serves it, such as `/cluster`. */
export const BASE = baseOf(import.meta.url);

/** @param script the address of the script of the page, which is in the folder `assets` */
export function baseOf(script: string): string {
  const { protocol, pathname } = new URL(script);
  const at = pathname.lastIndexOf('/assets/');
  // Tests load the script from a file.
  return protocol.startsWith('http') && at > 0 ? pathname.slice(0, at) : '';
}
