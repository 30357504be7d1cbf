const PLACE = /%([-+ #0]*)(\d*)(?:\.(\d*))?([diuoxXs%])?/g;

/**
 * Formats a number with a printf template that has exactly one conversion (W8).
 * @returns undefined if the template has no conversion, two, an unsupported one, or one wider than `widest`
 */
export function fillTemplate(template: string, number: number, widest: number): string | undefined {
  let places = 0;
  let bad = false;
  const text = template.replace(PLACE, (whole, flags: string, width: string, precision, conversion) => {
    if (whole === '%%') return '%';
    if (conversion === undefined || conversion === '%') bad = true;
    else places++;
    if (Number(width) > widest || Number(precision ?? 0) > widest) bad = true;
    return bad ? '' : format(number, { flags, width: Number(width), precision, conversion });
  });
  return bad || places !== 1 || text.length > widest ? undefined : text;
}

interface Place {
  flags: string;
  width: number;
  precision: string | undefined;
  conversion: string;
}

/** Formats one number as C's printf does. */
function format(number: number, { flags, width, precision, conversion }: Place): string {
  if (conversion === 's') {
    const text = String(number).slice(0, precision === undefined ? undefined : Number(precision));
    return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
  }
  const radix = conversion === 'o' ? 8 : conversion.toLowerCase() === 'x' ? 16 : 10;
  const raw = number.toString(radix);
  const digits = (conversion === 'X' ? raw.toUpperCase() : raw).padStart(Number(precision ?? 1), '0');
  const signed = 'di'.includes(conversion);
  const sign = signed && flags.includes('+') ? '+' : signed && flags.includes(' ') ? ' ' : '';
  const alternate = radix === 16 ? `0${conversion}` : radix === 8 && !digits.startsWith('0') ? '0' : '';
  const prefix = flags.includes('#') && number !== 0 ? alternate : sign;
  if (flags.includes('-')) return (prefix + digits).padEnd(width);
  if (flags.includes('0') && precision === undefined)
    return prefix + digits.padStart(width - prefix.length, '0');
  return (prefix + digits).padStart(width);
}
