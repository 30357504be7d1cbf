/**
 * A name as one part of a path. `.` and `..` are parts that browsers walk along, however they are encoded, so a `~` stands
 * before them; and before a name that begins with one itself.
 */
export const encodePart = (name: string): string =>
  encodeURIComponent(name === '.' || name === '..' || name.startsWith('~') ? `~${name}` : name);

/** @throws URIError when it is badly encoded */
export const decodePart = (part: string): string => decodeURIComponent(part).replace(/^~/, '');
