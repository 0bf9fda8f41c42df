import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const out = join(import.meta.dirname, "..", "src", "tocsin", "web", "static");

// The server is one Python process: it sends what is packed here instead of packing at every request.
function packed(): Plugin {
  const walk = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
  return {
    name: "packed",
    apply: "build",
    closeBundle() {
      for (const path of walk(out)) {
        if (/\.(m?js|css|html|json|svg|webmanifest)$/.test(path)) {
          writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
        }
      }
    },
  };
}

export default defineConfig({
  base: "/static/",
  resolve: {
    alias: [
      { find: "react-dom", replacement: "preact/compat" },
      { find: "react/jsx-runtime", replacement: "preact/jsx-runtime" },
      { find: /^react$/, replacement: join(import.meta.dirname, "src", "react.ts") },
    ],
  },
  worker: { format: "es" },
  build: {
    outDir: out,
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content policy allows no data: fonts or scripts
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    reportCompressedSize: false,
  },
  plugins: [packed()],
});
