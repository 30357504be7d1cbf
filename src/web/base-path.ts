/** A folder in which the page is: '' or a path such as `/cluster`, of parts that need no encoding. */
export const isBasePath = (text: string): boolean => /^(?:\/[\w.~-]*[\w~-])*\/?$/.test(text);

/** @returns the base without a slash at its end */
export const normalBase = (text: string): string => text.replace(/\/$/, '');

/** @returns the path below the base. A proxy may have removed the base already */
export const belowBase = (base: string, path: string): string =>
  base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length) : path;
