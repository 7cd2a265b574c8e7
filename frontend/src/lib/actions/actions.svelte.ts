/**
 * What can be done, in one place: pages provide their actions while they are there, and the keys,
 * the palette and the help all read this list.
 */

import type { Component } from 'svelte';
import { preferences } from '$lib/state/preferences.svelte';
import { createSequence, isTyping, strokeOf } from './keys';

/** In the order in which palette and help show them. */
export const GROUPS = ['here', 'list', 'issue', 'go', 'rewind', 'general'] as const;

export interface Action {
  /** Unique; the one provided last wins. */
  id: string;
  group: (typeof GROUPS)[number];
  label: string;
  /** As `keys.ts` writes them. */
  keys?: string;
  icon?: Component<{ size?: number }>;
  /** Left out for keys that the page itself listens to: then only the help shows them. */
  run?: () => void;
  /** Not in the palette: opening it, for one. */
  unlisted?: boolean;
}

let provided = $state.raw<readonly Action[]>([]);
/** The same, for those who add and remove: an effect that ends reads state as it was before. */
let latest: readonly Action[] = [];

/** Offer actions for as long as the calling component is there. */
export function provideActions(mine: () => Action[]): void {
  $effect(() => {
    const current = mine();
    provided = latest = [...latest, ...current];
    return () => (provided = latest = latest.filter((action) => !current.includes(action)));
  });
}

/** Every action there is here and now. */
export function currentActions(): Action[] {
  return provided.filter(
    ({ id }, place) => !provided.slice(place + 1).some((other) => other.id === id),
  );
}

const sequence = createSequence();

/** Carry out what was pressed, unless it was meant for what has the focus. */
export function onKey(event: KeyboardEvent): void {
  const stroke = strokeOf(event);
  if (stroke === null || event.defaultPrevented || event.repeat) return;
  const modified = stroke.startsWith('Mod+');
  if (!modified && (!preferences.singleKeys || isTyping(event.target))) return;
  // A dialog or a menu has keys of its own.
  if (document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]')) return;
  const actions = currentActions().filter(({ keys, run }) => keys && run);
  const keys = sequence.take(
    stroke,
    actions.map((action) => action.keys ?? ''),
    event.timeStamp,
  );
  const found = actions.find((action) => action.keys === keys);
  if (!found && !sequence.isBegun) return;
  event.preventDefault();
  found?.run?.();
}
