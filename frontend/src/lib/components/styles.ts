/** Looks that several components share. */

export const MENU = `z-50 min-w-52 max-w-[calc(100vw-1rem)] rounded-lg bg-raised p-1 shadow-raised
  max-h-(--bits-floating-available-height) overflow-y-auto outline-none`;

export const MENU_ITEM = `flex min-h-8 cursor-default items-center gap-2 rounded-md px-2 text-sm
  outline-none select-none data-highlighted:bg-hover data-disabled:opacity-50
  data-[selected]:bg-hover`;

export const FIELD = `w-full rounded-md bg-surface px-2.5 py-1.5 text-sm text-ink ring-1 ring-edge
  ring-inset focus:outline-2 focus:outline-offset-0 focus:outline-accent max-sm:text-[1rem]`;
