import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `npm run dev` shows the console against a running server; YAGURA_SERVER names another one than the mock.
const server = process.env.YAGURA_SERVER ?? 'http://127.0.0.1:8787';

export default defineConfig({
  plugins: [react()],
  // Microsoft's language service was written for Node's globals.
  define: { global: 'globalThis' },
  worker: { format: 'es' },
  server: { proxy: { '/api': { target: server, changeOrigin: false, secure: false } } },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // Pages forbid data: in scripts; small images stay files for the same reason.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 12_000,
    reportCompressedSize: false,
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
