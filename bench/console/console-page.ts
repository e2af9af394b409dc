import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { ensureBrowser } from '../../tools/lib/browser.mjs';
import { beyond, type Span } from './beyond.ts';

const IN_PAGE = fileURLToPath(new URL('./in-page.mjs', import.meta.url));
/** No sandbox: as root, and in many containers, there is none to be had. Only our own server is opened. */
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'];

/** One change of the page. */
export interface PageChange {
  /** From the click to the painted page, milliseconds. */
  wholeMs: number;
  /** What of it was no waiting for the server. */
  beyondMs: number;
}

/** Starts the browser of the machine, or brings one. */
export async function launchBrowser(): Promise<Browser> {
  const { executable, env } = await ensureBrowser();
  return chromium.launch({ executablePath: executable, env: { ...process.env, ...env }, args: ARGUMENTS });
}

/** The console in a window of its own, with nothing cached, of somebody who is signed in. */
export class ConsolePage {
  readonly #context: BrowserContext;
  readonly #page: Page;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.#page = page;
  }

  /** `cookie` is the session as a request carries it. */
  static async open(browser: Browser, url: string, cookie: string): Promise<ConsolePage> {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 } });
    const [name = '', value = ''] = cookie.split('=');
    await context.addCookies([{ name, value, url }]);
    await context.addInitScript({ path: IN_PAGE });
    return new ConsolePage(context, await context.newPage());
  }

  /** The path that is shown. */
  get path(): string {
    const { pathname, search } = new URL(this.#page.url());
    return pathname + search;
  }

  /** Loads a screen by its address; milliseconds until it is painted with its data. */
  async load(path: string): Promise<number> {
    await this.#page.goto(path, { waitUntil: 'commit' });
    return this.#ask<number>('firstLoad()');
  }

  /** Clicks the element of this place among those like that, and waits for the page that follows. */
  async change(selector: string, index = 0): Promise<PageChange> {
    const asked = `change(${JSON.stringify(selector)}, ${index})`;
    const { requests, ...whole } = await this.#ask<Span & { requests: Span[] }>(asked);
    return { wholeMs: whole.endedMs - whole.beganMs, beyondMs: beyond(whole, requests) };
  }

  async count(selector: string): Promise<number> {
    return this.#ask<number>(`count(${JSON.stringify(selector)})`);
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  async #ask<Answer>(call: string): Promise<Answer> {
    return this.#page.evaluate<Answer>(`mosisBench.${call}`);
  }
}
