import chromium from '@sparticuz/chromium';

/** Before all tests: two files that unpack the browser at a time would write to the same place. */
export const setup = async (): Promise<void> => void (await chromium.executablePath());
