import chromium from '@sparticuz/chromium';
import { chromium as browsers, type Browser } from 'playwright-core';

/** A headless Chromium. It runs in one process, so that closing a page ends it: take one page for all that you need. */
export async function startBrowser(): Promise<Browser> {
  return browsers.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: true,
  });
}
