// The server sends one page for every address; everything is drawn in the browser.
export const ssr = false;
export const prerender = false;
