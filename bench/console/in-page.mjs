/**
 * Runs in every page that the benchmark opens, before the page's own scripts: measures there, because a way to the browser
 * and back takes longer than some of what is measured.
 */
{
  const { document, performance, MutationObserver, requestAnimationFrame } = globalThis;
  const PATIENCE_MS = 30_000;
  const find = (selector) => document.querySelector(selector);
  /** What tells one page from another, and one page of a list from the next. */
  const contentOf = () => `${find('main h1')?.textContent}\n${find('main tbody tr')?.textContent}`;
  const isThere = () => find('main h1') !== null && find('main [data-loading]') === null;
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

  /** Resolves as soon as the page is like that. */
  const until = (condition) =>
    new Promise((resolve, reject) => {
      if (condition()) return resolve();
      const late = setTimeout(() => {
        observer.disconnect();
        reject(new Error(`After ${PATIENCE_MS} ms: ${contentOf()}`));
      }, PATIENCE_MS);
      const observer = new MutationObserver(() => {
        if (!condition()) return;
        clearTimeout(late);
        observer.disconnect();
        resolve();
      });
      observer.observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
    });

  globalThis.mosisBench = {
    /** How many elements are like this. */
    count: (selector) => document.querySelectorAll(selector).length,

    /** Milliseconds from the beginning of the navigation to the page with its data, painted. */
    async firstLoad() {
      await until(isThere);
      await painted();
      return performance.now();
    },

    /** Clicks, and answers when it was, when the page had changed and was painted, and the requests to the API on the way. */
    async change(selector, index) {
      const before = contentOf();
      performance.clearResourceTimings();
      const beganMs = performance.now();
      document.querySelectorAll(selector)[index].click();
      await until(() => isThere() && contentOf() !== before);
      await painted();
      const endedMs = performance.now();
      const requests = performance
        .getEntriesByType('resource')
        .filter(({ name }) => new URL(name).pathname.startsWith('/v1/'))
        .map(({ startTime, responseEnd }) => ({ beganMs: startTime, endedMs: responseEnd }));
      return { beganMs, endedMs, requests };
    },
  };
}
