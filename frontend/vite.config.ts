import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';
import { firstChunks } from './scripts/chunks.js';

const backend = process.env.BACKEND ?? 'http://127.0.0.1:8181';
const proxied = ['/api', '/config.json', '/openapi.json', '/docs', '/healthz'];

export default defineConfig({
  plugins: [tailwindcss(), sveltekit()],
  server: { proxy: Object.fromEntries(proxied.map((path) => [path, backend])) },
  build: {
    target: 'es2023',
    rollupOptions: { output: { manualChunks: firstChunks() } },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : undefined,
});
