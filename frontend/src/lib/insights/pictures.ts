/** A chart as a picture: an SVG that needs nothing of this page, and a PNG of it. */

const STYLES = [
  ...['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-linejoin'],
  ...['opacity', 'font-size', 'font-weight', 'text-anchor', 'dominant-baseline'],
];
const COLOURS = new Set(['fill', 'stroke']);
const FONT = 'Inter, system-ui, sans-serif';
const HEAD = 30;
const EDGE = 12;
const SHARP = 2;
const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Return a colour as every program reads it: browsers know more ways to write one. */
function plain(): (colour: string) => string {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const known = new Map<string, string>();
  return (colour) => {
    if (!pen || colour === 'none' || colour.startsWith('url')) return colour;
    let found = known.get(colour);
    if (found === undefined) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0, alpha = 255] = pen.getImageData(0, 0, 1, 1).data;
      found =
        alpha === 0
          ? 'none'
          : alpha === 255
            ? `rgb(${red},${green},${blue})`
            : `rgba(${red},${green},${blue},${(alpha / 255).toFixed(3)})`;
      known.set(colour, found);
    }
    return found;
  };
}

/** Return the chart as the text of an SVG, with its title, its colours, and its links. */
export function svgOf(drawn: SVGSVGElement, title: string): string {
  const colour = plain();
  const { width, height } = drawn.getBoundingClientRect();
  const copy = drawn.cloneNode(true) as SVGSVGElement;
  const [from, to] = [drawn.querySelectorAll('*'), copy.querySelectorAll('*')];
  from.forEach((element, place) => {
    const target = to[place];
    if (!(target instanceof SVGElement)) return;
    for (const { name } of [...target.attributes])
      if (/^(class|style|tabindex|data-|role|draggable)/.test(name)) target.removeAttribute(name);
    if (element instanceof SVGAElement)
      target.setAttribute('href', new URL(element.href.baseVal, location.href).href);
    if (element instanceof SVGGElement) return;
    const style = getComputedStyle(element);
    for (const name of STYLES) {
      const value = style.getPropertyValue(name);
      if (value) target.setAttribute(name, COLOURS.has(name) ? colour(value) : value);
    }
  });
  const page = getComputedStyle(drawn.closest('section') ?? document.body);
  const [ink, ground] = [
    colour(page.color),
    colour(getComputedStyle(document.body).getPropertyValue('--surface') || page.backgroundColor),
  ];
  const whole = document.createElementNS(NAMESPACE, 'svg');
  const [wide, tall] = [width + 2 * EDGE, height + HEAD + EDGE];
  for (const [name, value] of Object.entries({
    xmlns: NAMESPACE,
    width: wide,
    height: tall,
    viewBox: `0 0 ${wide} ${tall}`,
    'font-family': FONT,
  }))
    whole.setAttribute(name, String(value));
  const back = document.createElementNS(NAMESPACE, 'rect');
  for (const [name, value] of Object.entries({ width: wide, height: tall, fill: ground }))
    back.setAttribute(name, String(value));
  const head = document.createElementNS(NAMESPACE, 'text');
  for (const [name, value] of Object.entries({
    x: EDGE,
    y: 20,
    fill: ink,
    'font-size': 14,
    'font-weight': 600,
  }))
    head.setAttribute(name, String(value));
  head.textContent = title;
  const body = document.createElementNS(NAMESPACE, 'g');
  body.setAttribute('transform', `translate(${EDGE},${HEAD})`);
  body.append(...copy.childNodes);
  whole.append(back, head, body);
  return new XMLSerializer().serializeToString(whole);
}

/** Return an SVG as a PNG, twice as fine. */
export async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width * SHARP, image.height * SHARP];
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error('no picture'))),
        'image/png',
      ),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
