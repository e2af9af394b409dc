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

/** One Chromium for all persons of a test. */
export class TestBrowser {
  readonly findings: Findings = { faults: [], strangers: [], refusals: [] };

  private constructor(
    private readonly browser: Browser,
    private readonly baseUrl: string,
  ) {}

  static async start(baseUrl: string): Promise<TestBrowser> {
    const { executable, env } = await ensureBrowser();
    const browser = await chromium.launch({
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
    return new TestBrowser(browser, baseUrl);
  }

  /** Another person, with no session yet. */
  async visitor(options: { scheme?: 'light' | 'dark'; width?: number } = {}): Promise<Visitor> {
    const context = await this.browser.newContext({
      baseURL: this.baseUrl,
      viewport: { width: options.width ?? 1280, height: 800 },
      colorScheme: options.scheme ?? 'light',
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    this.watch(page);
    return { context, page };
  }

  async stop(): Promise<void> {
    await this.browser.close();
  }

  private watch(page: Page): void {
    const { faults, strangers, refusals } = this.findings;
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      // The browser's own line about an answer with an error: `refusals` has it.
      const isRefusal = message.text().startsWith('Failed to load resource: the server responded');
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

/** Signs a person in by the API, for tests that are about something else. */
export async function enter({ context }: Visitor, email: string, password: string): Promise<void> {
  const answer = await context.request.post('/v1/auth/login', { data: { email, password } });
  if (!answer.ok()) throw new Error(await answer.text());
}

/** What axe finds on a page as it stands: `rule: element`, nothing when all is well. Goes around the page's policy, by the debugger. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(context: object, options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run(document, {
      runOnly: { type: 'tag', values: tags },
      resultTypes: ['violations'],
    });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  }, RULES);
}

/** By how much a page is wider than its window, in pixels. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
}
