/**
 * A button and what opens beside it. What opens is loaded once somebody comes near the button: the
 * start of a page does not wait for menus that may never be asked for. Until it is there the button
 * says what it opens and remembers a press; then it has the attributes that bits-ui gives it, and is
 * still the same element.
 */

import { createAttachmentKey } from 'svelte/attachments';
import { ApiError } from '$lib/api/problem';
import { atRest } from './rest';
import { complain } from './toast';

type Attributes = Record<string | symbol, unknown>;

/** What asks for it, in the way of what opens: a menu opens as the pointer goes down. */
const PRESSES = {
  menu: {
    pointerdown: (event: PointerEvent) =>
      event.pointerType !== 'touch' && event.button === 0 && !event.ctrlKey,
    pointerup: (event: PointerEvent) => event.pointerType === 'touch',
    keydown: (event: KeyboardEvent) => ['Enter', ' ', 'ArrowDown'].includes(event.key),
    // Software that reads the page out presses without pointer or key.
    click: (event: MouseEvent) => event.detail === 0,
  },
  dialog: { click: () => true },
};

/** Create the opener of what `load` brings, which opens once that is there and asked for. */
export function createOpener<Part>(
  kind: 'menu' | 'dialog',
  load: () => Promise<{ default: Part }>,
  isOpen: () => boolean,
  setOpen: (now: boolean) => void,
) {
  let part = $state.raw<Part | null>(null);
  let given = $state.raw<Attributes | null>(null);
  let byKey = $state(false);

  // Whether it comes is of interest once it is asked for.
  const prepare = () => void load().catch(() => undefined);
  // The network may be away by then.
  void atRest.then(prepare);

  async function ask(isKey = false) {
    try {
      const loaded = (await load()).default;
      byKey = isKey;
      part = loaded;
      setOpen(true);
    } catch {
      setOpen(false);
      complain(new ApiError(0, null));
    }
  }

  function attach(button: HTMLElement) {
    const listening = new AbortController();
    for (const near of ['pointerenter', 'focus'])
      button.addEventListener(near, prepare, { signal: listening.signal, once: true });
    for (const [name, asks] of Object.entries(PRESSES[kind]))
      button.addEventListener(
        name,
        (event) => {
          if (!(asks as (event: Event) => boolean)(event)) return;
          if (name === 'keydown') event.preventDefault();
          void ask(name === 'keydown');
        },
        { signal: listening.signal },
      );
    return () => listening.abort();
  }

  const attachment = createAttachmentKey();
  const plain = $derived<Attributes>({
    'aria-haspopup': kind,
    'aria-expanded': isOpen(),
    'data-state': isOpen() ? 'open' : 'closed',
    [attachment]: attach,
  });

  // It can also be opened from outside, by a key.
  $effect(() => {
    if (isOpen() && !part) void ask();
  });

  return {
    /** For the button. */
    get attributes(): Attributes {
      return given ?? plain;
    },
    /** What opens, once it has been asked for. */
    get part(): Part | null {
      return part;
    },
    /** Whether a key asked for it first. */
    get byKey(): boolean {
      return byKey;
    },
    /** Give the button the attributes of the trigger that belongs to what opens. */
    become: (attributes: Attributes) => void (given = attributes),
  };
}
