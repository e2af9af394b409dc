import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { ensureBrowser } from '../../../../tools/lib/browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What pages did that they should not have done. */
export interface Findings {
  /** Errors and warnings of the console, the policy's among them, and faults of scripts. */
  faults: string[];
  /** Requests that were not to the server. */
  strangers: string[];
  /** Answers with an error, as `POST /v1/auth/login 401`. */
  refusals: string[];
}

/** A person's browser: a context with cookies of its own, watched. */
export interface Visitor {
  context: BrowserContext;
  page: Page;
}

/** How a window looks. */
export interface Look {
  scheme?: 'light' | 'dark';
  width?: number;
}

/** One Chromium for all persons of a test. */
export class TestBrowser {
  readonly findings: Findings = { faults: [], strangers: [], refusals: [] };
  /** Windows of people who have left. Their cache spares the next one reading every script anew. */
  private readonly idle: Visitor[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly baseUrl: string,
  ) {}

  /** Starts the browser, bringing one where there is none, while the server to visit is on its way. */
  static async start(baseUrl: Promise<string>): Promise<TestBrowser> {
    const [browser, url] = await Promise.all([launch(), baseUrl]);
    return new TestBrowser(browser, url);
  }

  /** Another person, with no session yet. */
  async visitor(look: Look = {}): Promise<Visitor> {
    const visitor = this.idle.pop() ?? (await this.open());
    await show(visitor, look);
    return visitor;
  }

  /** A person goes: nothing of them stays in the window but the scripts it has read. */
  async leave(visitor: Visitor): Promise<void> {
    await visitor.page.evaluate(() => localStorage.clear());
    // In this order: a page that reads itself anew has nobody signed in otherwise.
    await visitor.page.goto('about:blank');
    await visitor.context.clearCookies();
    this.idle.push(visitor);
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }

  private async open(): Promise<Visitor> {
    const context = await this.browser.newContext({ baseURL: this.baseUrl, reducedMotion: 'reduce' });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    this.watch(page);
    return { context, page };
  }

  private watch(page: Page): void {
    const { faults, strangers, refusals } = this.findings;
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      // The browser's own line about an answer with an error, which `refusals` has, or about a network that a test took away.
      const isRefusal = /^Failed to load resource: (the server responded|net::ERR_INTERNET_DISCONNECTED)/.test(
        message.text(),
      );
      if (['error', 'warning'].includes(message.type()) && !isRefusal) faults.push(`${page.url()}: ${message.text()}`);
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(`${this.baseUrl}/`)) strangers.push(request.url());
    });
    page.on('response', (answer) => {
      if (answer.status() < 400) return;
      const path = new URL(answer.url()).pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '{id}');
      refusals.push(`${answer.request().method()} ${path} ${answer.status()}`);
    });
  }
}

async function launch(): Promise<Browser> {
  const { executable, env } = await ensureBrowser();
  return chromium.launch({
    executablePath: executable,
    env: { ...process.env, ...env },
    // No sandbox: as root, and in many containers, there is none to be had. Only our own server is opened.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** Gives a window another look, and resolves when the page that it shows has heard of it and is drawn so. */
export async function show({ page }: Visitor, { scheme = 'light', width = 1280 }: Look): Promise<void> {
  await page.setViewportSize({ width, height: 800 });
  await page.emulateMedia({ colorScheme: scheme });
  await page.waitForFunction((wanted) => {
    // A page that is none of the console's has no scheme of its own.
    const { mantineColorScheme = wanted } = document.documentElement.dataset;
    return mantineColorScheme === wanted;
  }, scheme);
  // The first one may be called for a frame whose layout was on its way already.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** Signs a person in by the API, for tests that are about something else. */
export async function enter({ context }: Visitor, email: string, password: string): Promise<void> {
  const answer = await context.request.post('/v1/auth/login', { data: { email, password } });
  if (!answer.ok()) throw new Error(await answer.text());
}

/** Goes to another screen as a link would, without loading the page anew. */
export async function turnTo(page: Page, address: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState({}, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, address);
}

/** What axe finds on a page as it stands: `rule: element`, nothing when all is well. Goes around the page's policy, by the debugger. */
export async function findBarriers(page: Page): Promise<string[]> {
  if (await page.evaluate(() => !('axe' in globalThis))) await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(context: object, options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run(document, {
      runOnly: { type: 'tag', values: tags },
      resultTypes: ['violations'],
      // Without it axe fetches every style sheet and medium again; only rules about orientation and sound need them.
      preload: false,
    });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  }, RULES);
}

/** Cells with a few words that stand there in more than five lines, as where every letter has a line of its own. */
export async function brokenCellsOf(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('td')].flatMap((cell) => {
      const content = document.createRange();
      content.selectNodeContents(cell);
      const text = cell.innerText.trim();
      return text.length <= 24 && content.getBoundingClientRect().height > 100 ? [text] : [];
    }),
  );
}

/** By how much a page is wider than its window, in pixels. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
}
