/**
 * Encodes a name as one part of a path. Browsers resolve `.` and `..` however they are encoded, so a `~` precedes
 * them, and also a name that begins with `~`.
 */
export const encodePart = (name: string): string =>
  encodeURIComponent(name === '.' || name === '..' || name.startsWith('~') ? `~${name}` : name);

/** @throws URIError if it is not encoded correctly */
export const decodePart = (part: string): string => decodeURIComponent(part).replace(/^~/, '');
