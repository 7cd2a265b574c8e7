import type { ClientInit } from '@sveltejs/kit';

/** What has been loaded runs and what is seen first is made in tasks of their own: in between, the browser paints and listens. */
export const init: ClientInit = () => new Promise((resolve) => setTimeout(resolve));
