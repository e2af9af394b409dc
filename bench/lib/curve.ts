import { formatNumber } from './report.ts';

/** A quantity at growing sizes. */
export interface Curve {
  series: string;
  points: { size: number; value: number }[];
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 64;
const TOP = 40;
const PLOT_WIDTH = 400;
const PLOT_HEIGHT = 320;
/** Told apart also without colour: each has a mark of its own beside its name. */
const COLOURS = ['#1c7ed6', '#e8590c', '#2f9e44', '#9c36b5', '#c2255c', '#5f3dc4'];

/** Draws curves with both axes logarithmic: a straight line that climbs is a power, a flat one is what is wanted. */
export function drawCurves(title: string, sizeUnit: string, valueUnit: string, curves: readonly Curve[]): string {
  const points = curves.flatMap((curve) => curve.points);
  const x = axis(
    points.map(({ size }) => size),
    LEFT,
    LEFT + PLOT_WIDTH,
  );
  const y = axis(
    points.map(({ value }) => value),
    TOP + PLOT_HEIGHT,
    TOP,
  );
  const lines = curves.map(({ series, points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length] as string;
    const path = own.map(({ size, value }, at) => `${at === 0 ? 'M' : 'L'}${x.at(size)} ${y.at(value)}`).join(' ');
    const dots = own.map(
      ({ size, value }) => `<circle cx="${x.at(size)}" cy="${y.at(value)}" r="4" fill="${colour}"/>`,
    );
    const legendY = TOP + 8 + index * 22;
    return [
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...dots,
      `<circle cx="${LEFT + PLOT_WIDTH + 18}" cy="${legendY}" r="5" fill="${colour}"/>`,
      `<text x="${LEFT + PLOT_WIDTH + 30}" y="${legendY + 4}">${escape(series)}</text>`,
    ].join('\n');
  });
  const gridX = x.ticks.map(
    (tick) =>
      `<line x1="${x.at(tick)}" x2="${x.at(tick)}" y1="${TOP}" y2="${TOP + PLOT_HEIGHT}" stroke="#ced4da"/>` +
      `<text x="${x.at(tick)}" y="${TOP + PLOT_HEIGHT + 18}" text-anchor="middle">${formatNumber(tick)}</text>`,
  );
  const gridY = y.ticks.map(
    (tick) =>
      `<line x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${y.at(tick)}" y2="${y.at(tick)}" stroke="#ced4da"/>` +
      `<text x="${LEFT - 8}" y="${y.at(tick) + 4}" text-anchor="end">${formatNumber(tick)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img">
<title>${escape(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<text x="${LEFT}" y="22" font-size="14">${escape(title)}</text>
${[...gridX, ...gridY].join('\n')}
${lines.join('\n')}
<text x="${LEFT + PLOT_WIDTH / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escape(sizeUnit)}</text>
<text x="${LEFT - 48}" y="${TOP - 8}">${escape(valueUnit)}</text>
</svg>
`;
}

/** A logarithmic axis over whole powers of ten. */
function axis(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    at: (value: number) => Math.round((from + ((Math.log10(value) - low) / (high - low)) * (to - from)) * 10) / 10,
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  };
}

function escape(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
