/** A name is any bytes: `name` has a character for each byte and goes into paths, `title` is for people. */
export interface Named {
  readonly name: string;
  readonly title: string;
}
