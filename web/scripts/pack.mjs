// Packs dist/ into dist/console.pack, which the program embeds (layout: src/serve/console_files.hpp).
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const target = join(dist, 'console.pack');
rmSync(target, { force: true });

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
};

function walk(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name.startsWith('.')) return [];
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

const number = (value, bytes) => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
};
const text = (value) => Buffer.concat([number(Buffer.byteLength(value), 2), Buffer.from(value)]);

const files = walk(dist).sort();
const head = [Buffer.from('YGCP1\n'), number(files.length, 4)];
const bodies = [];
for (const path of files) {
  const plain = readFileSync(path);
  const name = '/' + relative(dist, path).replaceAll('\\', '/');
  const type = types[extname(path)];
  if (!type) throw new Error(`${name}: what content type is that? Add it to scripts/pack.mjs`);
  // The language service is 8 MB: the last percent of compression costs half a minute there.
  const quality = plain.length > 1_000_000 ? 9 : 11;
  const gzip = gzipSync(plain, { level: 9 });
  const brotli = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
  const worth = gzip.length < plain.length * 0.9;
  const kept = worth ? [Buffer.alloc(0), gzip, brotli] : [plain, Buffer.alloc(0), Buffer.alloc(0)];
  const etag = `"${createHash('sha256').update(plain).digest('hex').slice(0, 24)}"`;
  const hashed = name.startsWith('/assets/');
  head.push(text(name), text(type), text(etag), number(hashed ? 1 : 0, 1), ...kept.map((part) => number(part.length, 4)));
  bodies.push(...kept);
}
const pack = Buffer.concat([...head, ...bodies]);
writeFileSync(target, pack);
console.log(`console.pack: ${files.length} files, ${(pack.length / 1e6).toFixed(2)} MB`);
