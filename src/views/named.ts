/** A name of any bytes: `name` has a character for each byte and is used in paths, `title` is for people. */
export interface Named {
  readonly name: string;
  readonly title: string;
}
