/** The shape of a refusal, for `toMatchObject`. */
export const refused = (reason: string, status = '0001') => ({ status, reason });
export const OK = { status: '0000' };
/** A failed long reply (P7.1). */
export const EMPTY_VALUE = { descriptor: 0, variableId: '', index: 0, value: '' };
