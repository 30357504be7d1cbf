import chromium from '@sparticuz/chromium';

/** Before all tests: two files that unpack the browser at the same time would write to the same place. */
export const setup = async (): Promise<void> => void (await chromium.executablePath());
