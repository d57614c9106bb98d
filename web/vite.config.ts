import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// `npm run dev` shows the console against a running server; YAGURA_SERVER names another one than the mock.
const server = process.env.YAGURA_SERVER ?? 'http://127.0.0.1:8787';

// Two places of Microsoft's KQL editor that throw where they should do nothing. A release in which the lines read differently
// stops the build.
//
// The worker takes for granted that there is a query at the place it is asked about; between a keystroke and its parse there may
// be none ("reading 'Service'"). The page's part takes for granted that a text is still there when the worker's answer to it
// comes; whoever has left the page has closed it ("reading 'getVersionId'").
const kGuards: { file: RegExp; from: string; times: number; to: string }[] = [
  { file: /esm\/kusto\.worker\.js/, times: 1, from: 'const completionItems = currentCommand.Service.', to: 'if (!currentCommand) return Promise.resolve(ls.CompletionList.create([]));\n    const completionItems = currentCommand.Service.' },
  { file: /esm\/kusto\.worker\.js/, times: 1, from: 'const codeActionInfo = block.Service.', to: 'if (!block) return [];\n    const codeActionInfo = block.Service.' },
  { file: /esm\/languageFeatures\.js/, times: 2, from: 'var versionId = newModel.getVersionId();', to: 'if (!newModel) return;\n            var versionId = newModel.getVersionId();' },
];
const guardKusto = (): Plugin => ({
  name: 'guard-kusto',
  transform(code, id) {
    if (!id.includes('/monaco-kusto/release/') || id.includes('?')) return null; // '?worker' is a line that names the file
    for (const { file, from, times, to } of kGuards) {
      if (!file.test(id)) continue;
      if (code.split(from).length !== times + 1) this.error(`${id} no longer has "${from}" ${times} times: look at the guards again`);
      code = code.replaceAll(from, to);
    }
    return { code, map: null };
  },
});

export default defineConfig({
  plugins: [react(), guardKusto()],
  // Microsoft's language service was written for Node's globals.
  define: { global: 'globalThis' },
  worker: { format: 'es', plugins: () => [guardKusto()] },
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
